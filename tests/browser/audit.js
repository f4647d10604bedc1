// What on the page has no name for a screen reader, and which text is too faint (WCAG 2.2, 1.4.3: 4.5 to 1).
() => {
  const seen = (element) => element.getClientRects().length && getComputedStyle(element).visibility !== "hidden";

  const named = (element) =>
    element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.getAttribute("alt") ||
    element.textContent.trim() || element.labels?.length;

  const unnamed = [...document.querySelectorAll("button, a, input, select, textarea, img, [role=img], dialog")]
    .filter((element) => seen(element) && !named(element))
    .map((element) => element.outerHTML);

  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);

  // The nearest ground that is not see-through.
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };

  const contrast = (element) => {
    const pair = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };

  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.data.trim();
    if (!words || !seen(element) || element.closest("option, script, style")) continue;
    if (contrast(element) < 4.5) faint.push(`${contrast(element).toFixed(2)} ${element.className}: ${words}`);
  }
  return { unnamed, faint };
};
