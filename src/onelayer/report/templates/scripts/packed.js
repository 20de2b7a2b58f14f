// What the page holds packed: deflated, as base64 (onelayer/report/packed.py).
const unpack = async (text) => {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
};
const unpackText = async (text) => new TextDecoder().decode(await unpack(text));
// An array of packed.py, flat, in the order of its shape.
const kindsOfArray = {
  uint8: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array,
};
const arrayOf = ({ dtype, data }) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new kindsOfArray[dtype](bytes.buffer);
};
