// How much of each pixel a round brush covers on its way from one point to another.
drawing.covered = (from, to, radius, height, width, use) => {
  const [top, bottom] = [Math.min(from.y, to.y) - radius - 1, Math.max(from.y, to.y) + radius + 1];
  const [left, right] = [Math.min(from.x, to.x) - radius - 1, Math.max(from.x, to.x) + radius + 1];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const long = dx * dx + dy * dy;
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(height, bottom); row++) {
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(width, right); column++) {
      const [x, y] = [column + 0.5 - from.x, row + 0.5 - from.y];
      const along = long ? Math.min(1, Math.max(0, (x * dx + y * dy) / long)) : 0;
      const share = Math.min(1, radius + 0.5 - Math.hypot(x - along * dx, y - along * dy));
      if (share > 0) use(row * width + column, share);
    }
  }
};
