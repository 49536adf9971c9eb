//! Blobs of the store: postcard, with a clear error for what does not decode.

use super::StoreError;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
    let mut unpacked = Vec::new();
    unpack_into(bytes, &mut unpacked)?;
    decode(&unpacked)
}

/// Puts the encoded value of what [`pack`] made in place of what is in `out`.
pub fn unpack_into(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), StoreError> {
    let damaged = |why: String| StoreError::Damaged(format!("a row can't be unpacked: {why}"));
    let (size, packed) = lz4_flex::block::uncompressed_size(bytes).map_err(|e| damaged(e.to_string()))?;
    if size > MAX_UNPACKED {
        return Err(damaged(format!("{size} bytes")));
    }
    out.resize(size, 0);
    let written = lz4_flex::block::decompress_into(packed, out).map_err(|e| damaged(e.to_string()))?;
    out.truncate(written);
    Ok(())
}

/// Encodes values one behind the other, so that the first ones can be read without the rest.
pub fn encode_each<T: Serialize>(values: &[T]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend(encode(value)?);
    }
    Ok(bytes)
}

/// Decodes the first `most` of the values that [`encode_each`] wrote.
pub fn decode_first<T: DeserializeOwned>(mut bytes: &[u8], most: usize) -> Result<Vec<T>, StoreError> {
    let mut values = Vec::new();
    while !bytes.is_empty() && values.len() < most {
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(|e| StoreError::Damaged(format!("a row can't be decoded: {e}")))?;
        if rest.len() == bytes.len() {
            return Err(StoreError::Damaged("a row can't be decoded: a value of no bytes".into()));
        }
        values.push(value);
        bytes = rest;
    }
    Ok(values)
}

/// Decodes a blob. A blob of another shape is damage: the store's format version changes with its types.
pub fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|e| StoreError::Damaged(format!("a row can't be decoded: {e}")))
}
