// Whether texts and lines stand out from what is behind them.

/** Texts whose contrast against what is behind them is below 4.5 (WCAG 2.2, level AA). */
export const faint = (page) => page.evaluate(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [red, green, blue] = color.slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgb("white");
  };
  const contrast = (left, right) => {
    const [high, low] = [light(left), light(right)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("script, option") || !node.checkVisibility()) continue;
    const found = contrast(rgb(getComputedStyle(node).color), behind(node));
    if (found < 4.5) bad.push(`${found.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 60)}`);
  }
  const style = getComputedStyle(document.documentElement);
  const card = rgb(style.getPropertyValue("--card"));
  for (let at = 0; at < 8; at += 1) {
    const found = contrast(rgb(style.getPropertyValue(`--s${at}`)), card);
    if (found < 3) bad.push(`line ${at}: ${found.toFixed(2)}`);
  }
  return bad;
});
