// What the parts of this folder share; they are read in the order of their names.
const drawing = {};
{
  // From ink to an image, as onelayer/data/drawings.py does it: a test holds the two together.
  const sharesOf = (size, step, count) => Array.from({ length: count }, (_, place) => {
    const [begin, end] = [place * step, (place + 1) * step];
    const from = Math.min(size - 1, Math.max(0, Math.floor(begin)));
    const shares = [];
    for (let old = from; old < size && (old < end || old === from); old++) {
      const low = old === 0 ? -Infinity : old;
      const high = old === size - 1 ? Infinity : old + 1;
      shares.push([old, Math.max(0, Math.min(end, high) - Math.max(begin, low)) / step]);
    }
    return shares;
  });
  drawing.prepared = (ink, height, width, frame) => {
    const [rows, columns] = [frame.height * frame.cells, frame.width * frame.cells];
    const bitmap = new Float64Array(rows * columns);
    let [top, bottom, left, right] = [height, -1, width, -1];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        if (!ink[row * width + column]) continue;
        top = Math.min(top, row);
        bottom = row;
        left = Math.min(left, column);
        right = Math.max(right, column);
      }
    }
    if (bottom >= 0) {
      const [tall, wide] = [bottom + 1 - top, right + 1 - left];
      const [fitTall, fitWide] = [frame.box_height / tall, frame.box_width / wide];
      const factor = { longest: Math.min(fitTall, fitWide), height: fitTall, width: fitWide }[frame.fills];
      let [scaledRows, scaledColumns] = [tall, wide].map((side) => Math.max(1, Math.floor(side * factor + 0.5)));
      if (frame.fills === "height") scaledColumns = Math.min(Math.max(scaledColumns, frame.least_side), frame.box_width);
      if (frame.fills === "width") scaledRows = Math.min(Math.max(scaledRows, frame.least_side), frame.box_height);
      const down = sharesOf(tall, tall / scaledRows, scaledRows);
      const across = sharesOf(wide, wide / scaledColumns, scaledColumns);
      const scaled = new Float64Array(scaledRows * scaledColumns);
      const line = new Float64Array(wide);
      down.forEach((shares, row) => {
        line.fill(0);
        for (const [old, share] of shares) {
          const begin = (top + old) * width + left;
          for (let column = 0; column < wide; column++) line[column] += share * ink[begin + column];
        }
        across.forEach((parts, column) => {
          let sum = 0;
          for (const [old, share] of parts) sum += share * line[old];
          scaled[row * scaledColumns + column] = sum;
        });
      });
      const [rowMass, columnMass] = [new Float64Array(scaledRows), new Float64Array(scaledColumns)];
      scaled.forEach((value, place) => {
        rowMass[Math.floor(place / scaledColumns)] += value;
        columnMass[place % scaledColumns] += value;
      });
      const placed = (mass, size) => {
        let middle = mass.length / 2;
        const whole = mass.reduce((sum, value) => sum + value, 0);
        if (frame.centre === "mass" && whole > 0) {
          middle = mass.reduce((sum, value, place) => sum + value * (place + 0.5), 0) / whole;
        }
        return Math.min(Math.max(Math.ceil(size / 2 - middle - 1e-9), 0), size - mass.length);
      };
      const [row, column] = [placed(rowMass, rows), placed(columnMass, columns)];
      scaled.forEach((value, place) => {
        const [own, beside] = [Math.floor(place / scaledColumns), place % scaledColumns];
        bitmap[(row + own) * columns + column + beside] = value;
      });
    }
    const { steps } = frame;
    const image = new Float64Array(frame.height * frame.width);
    bitmap.forEach((value, place) => {
      const [row, column] = [Math.floor(place / columns), place % columns];
      image[Math.floor(row / frame.cells) * frame.width + Math.floor(column / frame.cells)] += value / frame.cells ** 2;
    });
    return image.map((share) => frame.paper + ((frame.ink - frame.paper) * Math.floor(share * steps + 0.5)) / steps);
  };
}
