// Drawn signs: the page's own icons, and the emoji that cards use, so that they show where no emoji font is installed.

const SPACE = "http://www.w3.org/2000/svg";

function draw(parts, { size = 20, label } = {}) {
  const svg = document.createElementNS(SPACE, "svg");
  const properties = { viewBox: "0 0 20 20", width: size, height: size, ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }) };
  for (const [name, value] of Object.entries(properties)) svg.setAttribute(name, value);
  for (const [tag, attributes] of parts) {
    const part = document.createElementNS(SPACE, tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
    svg.append(part);
  }
  return svg;
}

const line = (d, width = 1.6) => ["path", { d, fill: "none", stroke: "currentColor", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" }];
const ICONS = {
  reply: [line("M3.5 4.5h13v9h-8l-3.5 3v-3h-1.5z")],
  edit: [line("M4 16l.8-3.4L13 4.4a1.6 1.6 0 0 1 2.3 0l.3.3a1.6 1.6 0 0 1 0 2.3l-8.2 8.2zM11.5 6l2.6 2.6")],
  trash: [line("M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10M8.5 9v4.5M11.5 9v4.5")],
  close: [line("M5 5l10 10M15 5L5 15")],
  back: [line("M12 4l-6 6 6 6", 2)],
  eye: [line("M2.5 10S5.3 5 10 5s7.5 5 7.5 5-2.8 5-7.5 5-7.5-5-7.5-5z"), ["circle", { cx: 10, cy: 10, r: 2.2, fill: "currentColor" }]],
  lock: [["rect", { x: 4.5, y: 9, width: 11, height: 7.5, rx: 1.5, fill: "currentColor" }], line("M7 9V6.5a3 3 0 0 1 6 0V9")],
};

export const icon = (name, size = 18) => draw(ICONS[name], { size });

const disc = (fill, edge = "none") => [["circle", { cx: 10, cy: 10, r: 8, fill, stroke: edge }]];
const white = (d, width = 2) => ["path", { d, fill: "none", stroke: "#fff", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" }];
const box = (fill) => ["rect", { x: 2, y: 2, width: 16, height: 16, rx: 3.5, fill }];
const clock = [["circle", { cx: 10, cy: 11, r: 7, fill: "#fff", stroke: "#c2373f", "stroke-width": 2 }], ["path", { d: "M10 7.5V11l2.4 1.6M4.5 3L2.5 5M15.5 3l2 2", fill: "none", stroke: "#7d2228", "stroke-width": 1.6, "stroke-linecap": "round" }]];
const hourglass = [["path", { d: "M5 2.5h10M5 17.5h10M6.5 3c0 4 7 5.5 7 7s-7 3-7 7h7c0-4-7-5.5-7-7s7-3 7-7z", fill: "#f6d9a0", stroke: "#96713a", "stroke-width": 1.4, "stroke-linejoin": "round", "stroke-linecap": "round" }]];
const paper = [["path", { d: "M4 2.5h9l3 3v12H4z", fill: "#fff", stroke: "#8a8794" }], ["path", { d: "M6.5 8h7M6.5 11h7M6.5 14h4.5", stroke: "#8a8794", "stroke-width": 1.3 }]];
const tick = [box("#2c9457"), white("M5.5 10.5l3 3 6-7")];
const bubble = [["path", { d: "M2.5 4h15v10h-8l-4 3.5V14h-3z", fill: "#e6e3ea", stroke: "#8a8794" }], ["path", { d: "M6 9h.1M10 9h.1M14 9h.1", stroke: "#6c6877", "stroke-width": 2.2, "stroke-linecap": "round" }]];
const bars = [["path", { d: "M2.5 17.5h15", stroke: "#8a8794", "stroke-width": 1.4 }], ["path", { d: "M5 16V9M10 16V4M15 16v-5", stroke: "#2f7fb8", "stroke-width": 3 }]];
const chart = (d) => [["path", { d: "M3 2.5v15h15", fill: "none", stroke: "#8a8794", "stroke-width": 1.4 }], ["path", { d, fill: "none", stroke: "#c2373f", "stroke-width": 2 }]];
const bell = [["path", { d: "M4 14.5c1.6-1.4 1.4-3 1.7-5.2C6 6.4 7.6 4.5 10 4.500s4 1.9 4.3 4.800c.3 2.2.1 3.8 1.7 5.200zM8.5 16.500h3M10 4V3", fill: "#f3c14b", stroke: "#9a6f14", "stroke-width": 1.2, "stroke-linecap": "round" }]];
const eyes = [["ellipse", { cx: 6, cy: 10, rx: 3.6, ry: 5.6, fill: "#fff", stroke: "#8a8794" }], ["ellipse", { cx: 14, cy: 10, rx: 3.6, ry: 5.6, fill: "#fff", stroke: "#8a8794" }], ["circle", { cx: 4.8, cy: 10.5, r: 1.7, fill: "#26232b" }], ["circle", { cx: 12.8, cy: 10.5, r: 1.7, fill: "#26232b" }]];
const arrows = [box("#2f7fb8"), white("M6 9a4.2 4.2 0 0 1 7.6-2M14 11a4.2 4.2 0 0 1-7.6 2M13.8 4v3h-3M6.2 16v-3h3", 1.5)];
const lens = [["circle", { cx: 8.5, cy: 8.5, r: 5, fill: "#dcebf5", stroke: "#6c6877", "stroke-width": 1.8 }], ["path", { d: "M12.5 12.500l4.5 4.5", stroke: "#6c6877", "stroke-width": 2.4, "stroke-linecap": "round" }]];
const pin = [["path", { d: "M10 18c-4-5-5.5-7.5-5.5-10a5.5 5.5 0 0 1 11 0c0 2.5-1.5 5-5.5 10z", fill: "#d6414c" }], ["circle", { cx: 10, cy: 8, r: 2, fill: "#fff" }]];

const DRAWN = {
  red_circle: disc("#d6303b"), large_green_circle: disc("#2c9457"), large_yellow_circle: disc("#f0b429"), large_orange_circle: disc("#e77b22"),
  large_blue_circle: disc("#2f7fb8"), white_circle: disc("#f1eff3", "#8a8794"), black_circle: disc("#26232b", "#8a8794"),
  white_check_mark: tick, heavy_check_mark: tick, ballot_box_with_check: [box("#2f7fb8"), white("M5.5 10.5l3 3 6-7")],
  x: [["path", { d: "M4 4l12 12M16 4L4 16", stroke: "#d6303b", "stroke-width": 3.2, "stroke-linecap": "round" }]],
  warning: [["path", { d: "M10 2l8.5 15.500h-17z", fill: "#f3c14b", stroke: "#9a6f14", "stroke-linejoin": "round" }], ["path", { d: "M10 7.500v5M10 15v.1", stroke: "#3b2a05", "stroke-width": 2, "stroke-linecap": "round" }]],
  information_source: [box("#2f7fb8"), white("M10 9.500v4.500M10 6.200v.1")], question: [white("M7 7a3 3 0 1 1 3.8 3c-.8.3-.8.9-.8 1.800M10 15v.1")].map(([tag, a]) => [tag, { ...a, stroke: "#d6303b", "stroke-width": 2.4 }]),
  black_square_for_stop: [box("#5d7d93"), ["rect", { x: 6, y: 6, width: 8, height: 8, rx: 1, fill: "#fff" }]],
  double_vertical_bar: [box("#5d7d93"), white("M7.5 6v8M12.5 6v8", 2.4)], arrows_counterclockwise: arrows, repeat: arrows,
  speech_balloon: bubble, memo: paper, pencil: paper, page_facing_up: paper, scroll: paper,
  hourglass: hourglass, hourglass_flowing_sand: hourglass, alarm_clock: clock, stopwatch: clock, clock3: clock, bell, eyes, mag: lens, pushpin: pin, round_pushpin: pin,
  bar_chart: bars, chart_with_upwards_trend: chart("M5 14l4-4 3 2 5-7"), chart_with_downwards_trend: chart("M5 5l4 4 3-2 5 7"),
  wastebasket: [["path", { d: "M5 6h10l-1 11.500H6z", fill: "#c9c5d0", stroke: "#6c6877" }], ["path", { d: "M4 5.500h12M8 5V3.500h4V5", fill: "none", stroke: "#6c6877", "stroke-width": 1.5 }]],
};

export const drawn = (name) => (DRAWN[name] ? draw(DRAWN[name], { size: 20, label: name.replaceAll("_", " ") }) : null);
