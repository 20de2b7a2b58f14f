// What the parts of this folder share; they are read in the order of their names.
const pictures = {};
pictures.signed = (value) => `${value < 0 ? "−" : "+"}${Number(Math.abs(value).toPrecision(2))}`;
pictures.count = (steps) => steps.toLocaleString("en");
pictures.measured = (loss, accuracy, steps) => {
  const when = steps ? ` (evaluated after ${pictures.count(steps)})` : "";
  return `validation loss ${loss.toPrecision(3)}, accuracy ${(100 * accuracy).toFixed(2)}%${when}`;
};

// Rounded weights as they were packed: each time but the first is a change (RoundedWeights).
pictures.levelsOf = async ({ packed, largest }) => {
  const levels = new Int8Array(await unpack(packed));
  const size = levels.length / largest.length;
  for (let i = size; i < levels.length; i += 1) levels[i] += levels[i - size];
  return largest.map((_, time) => levels.subarray(time * size, (time + 1) * size));
};

// 255 colours from the most negative weight to the most positive.
pictures.ramp = (stops) => {
  const parts = stops.map((hue) => [1, 3, 5].map((at) => parseInt(hue.slice(at, at + 2), 16)));
  return Array.from({ length: 255 }, (_, i) => {
    const place = (i / 254) * (parts.length - 1);
    const low = Math.min(Math.floor(place), parts.length - 2);
    return parts[low].map((part, k) => part + (parts[low + 1][k] - part) * (place - low));
  });
};
