// Every other dial: a slider, a choice or a switch, and what it does in words.

import type { Dial, Value } from "./api";
import { button, h } from "./dom";
import { change, model, nearestStrength, now, onChange, set, setup, value } from "./state";
import { t } from "./texts";

const FIRST = ["strength", "color"];
const MORE = ["style_scale", "structure", "content_scale", "texture", "neutral", "content_map", "guidance", "guidance_interval", "distilled", "sampler", "steps", "flat_steps", "gradual", "size", "count", "fresh"];

export function dials(): HTMLElement {
  const more = h("details", { className: "more" }, h("summary", {}, t.moreDials), ...MORE.map(dial), models());
  const reset = button(t.reset, () => change({ dials: {}, finish: "auto", colors: null, ground: "keep", lean: {} }, "recalled"), { className: "quiet" });
  return h("div", { className: "dials" }, ...FIRST.map(dial), dial("color_strength"), finish(), seed(), more, reset);
}

const named = (name: string): Dial => setup.dials.find((one) => one.name === name)!;
const STRIPS = import.meta.glob<string>("./miniatures/*.webp", { eager: true, query: "?url", import: "default" });

/** A strip of small pictures, drawn beforehand: a dial at its ends and in the middle, or each of its choices. */
function miniature(name: string): HTMLElement | null {
  const strip = STRIPS[`./miniatures/${name}.webp`];
  return strip ? h("img", { className: "miniature", src: strip, alt: "", width: 288, height: 72, loading: "lazy" }) : null;
}

const helped = (one: Dial): string => t.helps[one.name] ?? one.help;

function dial(name: string): HTMLElement {
  const one = named(name);
  const row = one.kind === "number" ? slider(one) : one.kind === "choice" ? choice(one) : flip(one);
  const show = (): void => {
    if (name === "strength") row.hidden = !model().strength.length;
    if (name === "color_strength") row.hidden = value("color") === "off";
    if (name === "content_map") row.hidden = !model().content_map;
    if (name === "distilled") row.hidden = !model().guide;
    row.classList.toggle("moved", name in now().dials);
  };
  onChange(show);
  show();
  return row;
}

function slider(one: Dial): HTMLElement {
  const digits = one.step < 1 ? 2 : 0;
  const told = h("output", { "aria-hidden": "true" });
  const input = h("input", {
    type: "range", id: `dial-${one.name}`, min: String(one.low), max: String(one.high), step: String(one.step), "aria-describedby": `help-${one.name}`,
    oninput: () => move("moving"), onchange: () => move("settled"),
  });
  const move = (how: "moving" | "settled"): void => set({ [one.name]: Number(input.value) }, how);
  const show = (): void => {
    const at = value(one.name);
    if (document.activeElement !== input) input.value = String(at ?? nearest(one) ?? one.low);
    told.textContent = typeof at === "number" ? `${at.toFixed(digits)} ${t.units[one.unit] ?? ""}`.trim() : `≈ ${Number(input.value).toFixed(digits)}`;
  };
  onChange(show);
  show();
  const label = h("label", { htmlFor: input.id }, h("span", {}, t.dials[one.name]), told);
  return h("div", { className: "dial" }, label, input, miniature(one.name), h("p", { className: "note", id: `help-${one.name}` }, helped(one)));
}

const nearest = (one: Dial): number | null => (one.name === "strength" ? nearestStrength() : null);

function choice(one: Dial): HTMLElement {
  const inputs = one.choices.map((name) =>
    h("input", { type: "radio", name: one.name, value: name, id: `dial-${one.name}-${name}`, onchange: () => set({ [one.name]: name }) }));
  const show = (): void => inputs.forEach((input) => (input.checked = input.value === value(one.name)));
  onChange(show);
  show();
  const labels = inputs.map((input) => h("label", { htmlFor: input.id }, input, h("span", {}, t.choices[input.value] ?? input.value)));
  return h(
    "fieldset", { className: "dial", "aria-describedby": `help-${one.name}` },
    h("legend", {}, t.dials[one.name]), miniature(one.name), h("div", { className: "segments" }, ...labels),
    h("p", { className: "note", id: `help-${one.name}` }, helped(one)),
  );
}

function flip(one: Dial): HTMLElement {
  const input = h("input", { type: "checkbox", role: "switch", id: `dial-${one.name}`, onchange: () => set({ [one.name]: input.checked }) });
  const show = (): void => void (input.checked = value(one.name) === true);
  onChange(show);
  show();
  return h("div", { className: "dial" }, h("label", { htmlFor: input.id }, h("span", {}, t.dials[one.name]), input), miniature(one.name),
    h("p", { className: "note two", "aria-hidden": "true" }, h("span", {}, t.no), h("span", {}, t.yes)), h("p", { className: "note" }, helped(one)));
}

function seed(): HTMLElement {
  const input = h("input", {
    type: "number", id: "dial-seed", min: "0", max: "9007199254740991", step: "1",
    onchange: () => input.reportValidity() && set({ seed: Math.round(Number(input.value)) }),
  });
  const show = (): void => void (input.value = String(value("seed")));
  onChange(show);
  show();
  const label = h("label", { htmlFor: input.id }, h("span", {}, t.dials.seed));
  const row = h("div", { className: "row" }, input, button(`⚄ ${t.random}`, another, { id: "random" }));
  return h("div", { className: "dial" }, label, row, miniature("seed"), h("p", { className: "note" }, helped(named("seed"))));
}

/** What becomes of the picture after the model: flat art, few colours, another ground. */
function finish(): HTMLElement {
  const inputs = ["auto", "none", "flat"].map((name) => h("input", { type: "radio", name: "finish", value: name, id: `finish-${name}`, onchange: () => change({ finish: name }) }));
  const colours = h("input", { type: "number", id: "finish-colours", min: "2", max: "32", placeholder: t.any, onchange: () => colours.reportValidity() && change({ colors: colours.value ? Number(colours.value) : null }) });
  const ground = h("select", { id: "finish-ground", onchange: () => change({ ground: ground.value }) }, ...["keep", "transparent", "white"].map((one) => h("option", { value: one }, t.grounds[one])));
  const show = (): void => {
    inputs.forEach((input) => (input.checked = input.value === (now().finish ?? "auto")));
    colours.value = now().colors ? String(now().colors) : "";
    ground.value = now().ground ?? "keep";
  };
  onChange(show);
  show();
  const labels = inputs.map((input) => h("label", { htmlFor: input.id }, input, h("span", {}, t.finishes[input.value])));
  return h("fieldset", { className: "dial", "aria-describedby": "help-finish" }, h("legend", {}, t.finish), miniature("finish"), h("div", { className: "segments" }, ...labels),
    h("div", { className: "row beside" }, h("label", {}, t.colours, " ", colours), h("label", {}, t.ground, " ", ground)), h("p", { className: "note", id: "help-finish" }, t.finishHelp));
}

export const another = (): void => set({ seed: Math.floor(Math.random() * 1e6) });

function models(): HTMLElement {
  const options = setup.models.map((one) => h("option", { value: one.name }, t.models[one.name] ?? one.name));
  const select = h("select", { id: "dial-model", onchange: () => change({ model: select.value, dials: kept() }, "recalled") }, ...options);
  const show = (): void => void (select.value = now().model);
  onChange(show);
  show();
  return h("div", { className: "dial" }, h("label", { htmlFor: select.id }, h("span", {}, t.model)), select);
}

/** Dials that mean the same in every model. */
export function kept(): Record<string, Value> {
  const shared = ["color", "color_strength", "seed", "fresh", "count"];
  return Object.fromEntries(Object.entries(now().dials).filter(([name]) => shared.includes(name)));
}
