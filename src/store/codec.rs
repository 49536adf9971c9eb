//! Blobs of the store: postcard, with a clear error for what does not decode.

use super::StoreError;
use serde::{Serialize, de::DeserializeOwned};

/// Bytes of the largest packed value; a size beyond it is damage.
const MAX_UNPACKED: usize = 256 << 20;

/// Encodes a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(|e| StoreError::Damaged(format!("a value can't be encoded: {e}")))
}

/// Encodes and compresses a value of which there are many.
pub fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    Ok(lz4_flex::compress_prepend_size(&encode(value)?))
}

/// Decodes what [`pack`] made.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    let damaged = |why: String| StoreError::Damaged(format!("a row can't be unpacked: {why}"));
    let (size, packed) = lz4_flex::block::uncompressed_size(bytes).map_err(|e| damaged(e.to_string()))?;
    if size > MAX_UNPACKED {
        return Err(damaged(format!("{size} bytes")));
    }
    decode(&lz4_flex::decompress(packed, size).map_err(|e| damaged(e.to_string()))?)
}

/// Decodes a blob. A blob of another shape is damage: the store's format version changes with its types.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|e| StoreError::Damaged(format!("a row can't be decoded: {e}")))
}
