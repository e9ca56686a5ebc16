//! Makes a tensor inside of a graph one of its outputs, so that one file of weights, and its hash, serves those who want it
//! and those who do not. Changes no weight and no node.

/// The file's bytes, and behind them a model of nothing but a graph with this output of 32-bit floats. Protocol Buffers
/// read a message that comes twice as one, whose lists go on: the encoding's own rule for merging. Field numbers are
/// those of onnx.proto3.
pub(super) fn with_output(model: &[u8], tensor: &str) -> Vec<u8> {
    let element = [1 << 3, 1]; // elem_type: FLOAT
    let kind = field(1, &element); // tensor_type
    let value = [field(1, tensor.as_bytes()), field(2, &kind)].concat(); // name, type
    let graph = field(12, &value); // output
    [model, &field(7, &graph)].concat()
}

/// A field with a length, of a number up to 15.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    debug_assert!((1..=15).contains(&number), "higher numbers take two bytes");
    let (mut out, mut length) = (vec![number << 3 | 2], bytes.len());
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
    out
}
