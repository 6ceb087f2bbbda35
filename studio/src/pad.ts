// Style against structure on one pad. Structure is laid out by the calibration, so that equal moves look about equal.

import { h, svg } from "./dom";
import { model, onChange, set, setup, value } from "./state";
import { fill, t } from "./texts";

const SIDE = 200;
const TAIL = 0.12; // of the height, for less structure than the calibration ends with

export function pad(): HTMLElement {
  const widest = setup.dials.find((dial) => dial.name === "style_scale")!.high;
  const dot = svg("circle", { r: 8, class: "dot" });
  const cross = [svg("line", { class: "cross", y1: 0, y2: SIDE }), svg("line", { class: "cross", x1: 0, x2: SIDE })];
  const path = svg("g", { class: "path" });
  const picture = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" }, ...cross, path, dot);
  const place = h(
    "div",
    { className: "pad", id: "pad", tabIndex: 0, role: "slider", "aria-label": t.pad, "aria-valuemin": 0, "aria-valuemax": widest, "aria-describedby": "pad-help" },
    picture as unknown as Node,
  );
  const x = (scale: number): number => (Math.min(Math.max(scale, 0), widest) / widest) * SIDE;

  const show = (): void => {
    const [scale, structure] = [Number(value("style_scale")), Number(value("structure"))];
    const [at, down] = [x(scale), layout(structure) * SIDE];
    dot.setAttribute("cx", String(at));
    dot.setAttribute("cy", String(down));
    cross[0].setAttribute("x1", String(at));
    cross[0].setAttribute("x2", String(at));
    cross[1].setAttribute("y1", String(down));
    cross[1].setAttribute("y2", String(down));
    place.setAttribute("aria-valuenow", scale.toFixed(1));
    place.setAttribute("aria-valuetext", fill(t.padValue, scale.toFixed(1), structure.toFixed(2)));
    const stops = model().strength;
    const points = stops.map(([style, kept]) => `${x(style).toFixed(1)},${(layout(kept) * SIDE).toFixed(1)}`);
    const marks = stops.filter((_, number) => number % 5 === 0).map(([style, kept]) => svg("circle", { r: 2.5, cx: x(style), cy: layout(kept) * SIDE }));
    path.replaceChildren(...(points.length ? [svg("polyline", { points: points.join(" ") }), ...marks] : []));
  };
  const move = (scale: number, structure: number, how: "moving" | "settled"): void => {
    const rounded = (number: number, high: number): number => Math.round(Math.min(Math.max(number, 0), high) * 100) / 100;
    set({ style_scale: rounded(scale, widest), structure: rounded(structure, 1) }, how);
  };
  const point = (event: PointerEvent, how: "moving" | "settled"): void => {
    const box = place.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * widest, structureAt((event.clientY - box.top) / box.height), how);
  };
  place.addEventListener("pointerdown", (event) => {
    place.setPointerCapture(event.pointerId);
    point(event, "moving");
  });
  place.addEventListener("pointermove", (event) => place.hasPointerCapture(event.pointerId) && point(event, "moving"));
  place.addEventListener("pointerup", (event) => point(event, "settled"));
  place.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 5 : 1;
    const ways: Record<string, [number, number]> = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.02], ArrowDown: [0, -0.02] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    move(Number(value("style_scale")) + way[0] * step, Number(value("structure")) + way[1] * step, "settled");
  });
  onChange(show);
  show();
  return h(
    "div",
    { className: "padded" },
    h("span", { className: "axis up", "aria-hidden": "true" }, t.dials.structure),
    place,
    h("span", { className: "axis right", "aria-hidden": "true" }, t.dials.style_scale),
    h("p", { className: "note", id: "pad-help" }, t.padHelp),
  );
}

/** How far down a structure lies, 0 to 1. */
function layout(structure: number): number {
  const stops = model().strength.map(([, kept]) => kept);
  const last = stops.at(-1);
  if (last === undefined || last <= 0 || last >= 1) return 1 - structure;
  if (structure <= last) return 1 - (structure / last) * TAIL;
  const after = Math.max(stops.findIndex((kept) => kept <= structure), 1);
  const [high, low] = [stops[after - 1], stops[after]];
  const share = high > low ? (high - structure) / (high - low) : 0;
  return ((after - 1 + share) / (stops.length - 1)) * (1 - TAIL);
}

function structureAt(down: number): number {
  let [low, high] = [0, 1]; // `layout` falls as structure grows
  for (let round = 0; round < 24; round++) {
    const middle = (low + high) / 2;
    if (layout(middle) > down) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
