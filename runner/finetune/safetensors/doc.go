// Package safetensors reads and writes the safetensors file format: an 8-byte
// little-endian header length, a JSON header that maps tensor names to a data
// type, a shape and a byte range, and the tensors' bytes one after the other
// (https://github.com/huggingface/safetensors).
//
// Its duties:
//
//   - Files are untrusted input. Any sequence of bytes gives either a File or
//     an error; never a panic, and never more memory than a small multiple of
//     the file's own size.
//   - Weights are handed out as float32, whether stored as F32, F16 or BF16.
//     F64, integers and bytes are handed out as they are, for checkpoints of
//     optimizer state. Other types are listed without their data.
//   - A written file appears whole or not at all, and it is on disk when Write
//     returns: temporary file, fsync, rename, fsync of the folder.
package safetensors
