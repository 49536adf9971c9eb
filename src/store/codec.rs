//! Blobs of the store: postcard, with a clear error for what does not decode.

use super::StoreError;
use serde::{Serialize, de::DeserializeOwned};

/// Encodes a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(|e| StoreError::Damaged(format!("a value can't be encoded: {e}")))
}

/// Decodes a blob. A blob of another shape is damage: the store's format version changes with its types.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|e| StoreError::Damaged(format!("a row can't be decoded: {e}")))
}
