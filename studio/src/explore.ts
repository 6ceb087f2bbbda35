// Explore: sheets of quick looks. Two dials against each other, a strip between two styles, or a mesh between four.

import { address, api, follow, type Cell, type Reference, type Value } from "./api";
import { button, h, say } from "./dom";
import { pick } from "./picker";
import { reference } from "./slots";
import { onView } from "./drawing";
import { change, face, model, now, onChange, set, setup, value, wanted } from "./state";
import { fill, t } from "./texts";

const AXES = ["style_scale", "structure", "strength", "content_scale", "texture", "color_strength", "seed", "steps"];
const RANGES: Record<string, [number, number]> = { style_scale: [0, 4], structure: [0.8, 0], seed: [0, 7], steps: [4, 10] };
const SIDES = [2, 3, 4, 5, 6, 7, 8];
type Kind = "dials" | "lean" | "strip" | "mesh";
interface Place { cell: Cell; name: string; dials?: Record<string, Value>; weights?: number[]; lean?: Record<string, number>; way?: string; src?: string }

export function explore(toMake: () => void): HTMLElement {
  let kind: Kind = "dials";
  let places: Place[] = [];
  let across = 1;
  let corners: Reference[] = [];
  let job: { name: string; stop: () => void } | undefined;
  const select = (id: string, label: string, options: [string, string][], chosen: string): HTMLSelectElement => {
    const made = h("select", { id, "aria-label": label, onchange: () => layout() }, ...options.map(([one, text]) => h("option", { value: one }, text)));
    made.value = chosen;
    return made;
  };
  const axes = AXES.filter((name) => setup.dials.some((dial) => dial.name === name)).map((name): [string, string] => [name, t.dials[name]]);
  const numbers = SIDES.map((side): [string, string] => [String(side), String(side)]);
  const x = select("axis-x", t.across, axes, "style_scale");
  const y = select("axis-y", t.down, axes, "structure");
  const columns = select("columns", t.columns, numbers, "5");
  const rows = select("rows", t.rows, numbers, "4");
  const sparse = h("input", { type: "checkbox", id: "sparse", onchange: () => layout() });
  const kinds = select("explore-kind", t.explore, [["dials", t.twoDials], ["lean", t.directions], ["strip", t.strip], ["mesh", t.mesh]], "dials");
  const axesRow = h("div", { className: "row" }, h("label", {}, t.across, " ", x), h("label", {}, t.down, " ", y));
  const cornersRow = h("div", { className: "row", id: "corners" });
  const grid = h("div", { className: "grid", role: "group", "aria-label": t.explore });
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.drawSheet });
  const status = h("span", { role: "status", id: "sheet-told" });
  const stop = button(t.cancel, () => job && void api.cancel(job.name), { className: "quiet", hidden: true });
  const progress = h("div", { className: "progress" }, bar, h("div", { className: "row" }, status, stop));

  const sliders = directions();
  const layout = (): void => {
    kind = kinds.value as Kind;
    job?.stop();
    const ways = model().directions;
    const [wide, high] = [Number(columns.value), kind === "strip" ? 1 : kind === "lean" ? ways.length : Number(rows.value)];
    across = wide;
    places = Array.from({ length: wide * high }, (_, at) => (kind === "lean" ? leaning(ways[Math.floor(at / wide)], at % wide, wide) : kind === "dials" ? dialled(x.value, y.value, at % wide, Math.floor(at / wide), wide, high) : mixed(kind, at % wide, Math.floor(at / wide), wide, high)));
    axesRow.hidden = kind !== "dials";
    stylesOfMake.hidden = cornersRow.hidden = kind === "dials" || kind === "lean";
    sliders.hidden = kind !== "lean";
    rows.parentElement!.hidden = kind === "strip" || kind === "lean";
    show();
  };
  const show = (): void => {
    const need = kind === "mesh" ? 4 : 2;
    cornersRow.replaceChildren(...Array.from({ length: need }, (_, place) => {
      const one = corners[place];
      const choose = (): void => void pick("style", (chosen) => ((corners[place] = reference(chosen)), layout()));
      return h("button", { type: "button", className: "tile small", "aria-label": fill(t.corner, place + 1), onclick: choose }, one ? (one.words ? h("span", { className: "said" }, one.words) : h("img", { src: face(one), alt: "" })) : "+");
    }));
    grid.style.maxWidth = `min(100%, ${across * 12}rem)`;
    const headed = kind === "dials" || kind === "lean";
    grid.style.gridTemplateColumns = `${headed ? "minmax(2rem, max-content) " : ""}repeat(${across}, minmax(0, 1fr))`;
    const cells = places.map((place, at) =>
      h("button", { type: "button", className: "tile", title: place.name, "data-place": at, "aria-label": `${place.name}: ${place.src ? t.takeSettings : t.drawCell}`, onclick: () => (place.src ? take(place) : void draw([at])) },
        place.src ? h("img", { src: place.src, alt: "" }) : h("span", { className: "note" }, headed ? "+" : place.name)));
    const head = (text: string, className = "note head"): HTMLElement => h("span", { className, "aria-hidden": "true" }, text);
    const rowHead = (place: Place): string => (place.lean ? t.ways[place.way!] ?? place.way! : String(place.dials![y.value]));
    const corner = kind === "dials" ? [head(`${t.dials[y.value]} ↓ ${t.dials[x.value]} →`)] : [head("")];
    const top = places.slice(0, across).map((place) => head(place.lean ? String(place.lean[place.way!]) : String(place.dials?.[x.value] ?? "")));
    grid.replaceChildren(...(headed ? [...corner, ...top] : []), ...cells.flatMap((cell, at) => (headed && at % across === 0 ? [head(rowHead(places[at])), cell] : [cell])));
  };
  const take = (place: Place): void => {
    if (place.dials) set(place.dials);
    else if (place.lean) change({ lean: place.lean });
    else {
      const weighed = corners.slice(0, place.weights!.length).map((one, at) => ({ ...one, weight: Math.round(place.weights![at] * 100) / 100 }));
      change({ styles: weighed.filter((one) => one.weight !== 0) }, "recalled");
    }
    toMake();
    say(t.taken);
  };
  const draw = async (which: number[]): Promise<void> => {
    const asked = wanted(true);
    if (!asked) return say(t.nothingToExplore, true);
    const own = kind === "dials" || kind === "lean";
    const styles = own ? asked.styles : corners.slice(0, kind === "mesh" ? 4 : 2);
    if (!own && styles.filter(Boolean).length < (kind === "mesh" ? 4 : 2)) return say(t.chooseCorners, true);
    const moved = Object.keys(places[which[0]].dials ?? {});
    const dials = { ...asked.dials };
    if (moved.includes("strength")) (delete dials.style_scale, delete dials.structure);
    else if (moved.includes("style_scale") || moved.includes("structure")) {
      delete dials.strength;
      Object.assign(dials, { style_scale: value("style_scale"), structure: value("structure") });
    }
    try {
      job?.stop();
      const state = await api.order({ ...asked, styles: [...styles], dials, cells: which.map((at) => places[at].cell) }, "-sheet");
      let seen = 0;
      job = { name: state.job, stop: follow(state.job, (now) => {
        const over = ["done", "failed", "cancelled"].includes(now.state);
        bar.value = over ? 0 : now.done / now.total;
        progress.classList.toggle("running", !over);
        stop.hidden = !(!over);
        status.textContent = now.state === "failed" ? fill(t.failed, now.error) : now.state === "cancelled" ? t.cancelled : [fill(t.cells, now.pictures, which.length), !over && now.left !== null && fill(t.left, Math.ceil(now.left))].filter(Boolean).join(", ");
        for (; seen < now.pictures; seen++) places[which[seen]].src = address.look(state.job, seen);
        show();
      }) };
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const all = (): void => {
    const wide = across;
    const high = places.length / wide;
    const order = places.map((_, at) => at).filter((at) => !places[at].src && (!sparse.checked || coarse(at % wide, Math.floor(at / wide), wide, high) < 2));
    order.sort((one, other) => coarse(one % wide, Math.floor(one / wide), wide, high) - coarse(other % wide, Math.floor(other / wide), wide, high) || one - other);
    if (order.length) void draw(order);
    else (layout(), all());
  };
  const fromMake = (): void => {
    corners = [...now().styles.slice(0, 4)];
    layout();
  };
  corners = [...now().styles.slice(0, 4)];
  const stylesOfMake = button(t.fromMakeStyles, fromMake);
  const side = (text: string, one: HTMLElement): HTMLElement => h("label", {}, text, " ", one);
  const element = h("section", { className: "search", "aria-label": t.explore },
    h("div", { className: "slot" }, h("div", { className: "row" }, kinds, axesRow, cornersRow, side(t.columns, columns), side(t.rows, rows), h("label", { className: "row" }, sparse, t.sparse),
      stylesOfMake, button(t.drawSheet, all, { id: "draw-sheet", className: "primary" })), h("p", { className: "note" }, t.exploreHelp)),
    sliders, progress, grid);
  onChange(() => kind === "lean" && sliders.dataset.of !== now().model && layout());
  layout();
  return element;
}

/** A slider for each direction of the style space, and what they make of the picture of Make. */
function directions(): HTMLElement {
  const seen = h("img", { id: "leaned", alt: t.result, hidden: true });
  const list = h("div", { className: "dials" });
  const box = h("div", { className: "slot leans", id: "leans" }, list, seen);
  const show = (): void => {
    if (box.dataset.of !== now().model) {
      box.dataset.of = now().model;
      list.replaceChildren(...(model().directions.length ? model().directions.map(slider) : [h("p", { className: "note" }, t.noDirections)]));
    }
    list.querySelectorAll("input").forEach((one) => document.activeElement !== one && (one.value = String(now().lean?.[one.name] ?? 0)));
    list.querySelectorAll("output").forEach((one) => (one.textContent = (now().lean?.[one.dataset.of!] ?? 0).toFixed(2)));
  };
  const slider = (name: string): HTMLElement => {
    const move = (how: "moving" | "settled"): void => change({ lean: { ...now().lean, [name]: Number(input.value) } }, how);
    const input = h("input", { type: "range", id: `lean-${name}`, name, min: "-1", max: "1", step: "0.1", value: "0", oninput: () => move("moving"), onchange: () => move("settled") });
    return h("div", { className: "dial" }, h("label", { htmlFor: input.id }, h("span", {}, t.ways[name] ?? name), h("output", { "data-of": name })), input);
  };
  onChange(show);
  onView(({ look, numbers }) => {
    const source = numbers.length ? address.drawn(numbers.at(-1)!) : look;
    seen.hidden = !source;
    if (source) seen.src = source;
  });
  show();
  return box;
}

function leaning(way: string, column: number, wide: number): Place {
  const share = Math.round((wide > 1 ? (2 * column) / (wide - 1) - 1 : 0) * 100) / 100;
  const lean = { ...now().lean, [way]: share };
  return { cell: { lean }, lean, way, name: `${t.ways[way] ?? way} ${share}` };
}

/** Corners come first, then every second cell, then the rest: a sheet is readable before it is whole. */
function coarse(column: number, row: number, wide: number, high: number): number {
  const corner = (column === 0 || column === wide - 1) && (row === 0 || row === high - 1);
  return corner ? 0 : (column + row) % 2 === 0 ? 1 : 2;
}

function dialled(x: string, y: string, column: number, row: number, wide: number, high: number): Place {
  const at = (name: string, place: number, many: number): number => {
    const dial = setup.dials.find((one) => one.name === name)!;
    const [from, to] = RANGES[name] ?? [dial.low, dial.high];
    const raw = many > 1 ? from + (place / (many - 1)) * (to - from) : from;
    return name === "seed" || name === "steps" ? Math.round(raw) : Math.round(raw * 100) / 100;
  };
  const dials: Record<string, Value> = { [y]: at(y, row, high), [x]: at(x, column, wide) };
  if (x === "strength" || y === "strength") (delete dials.style_scale, delete dials.structure);
  const name = Object.entries(dials).map(([dial, at]) => `${t.dials[dial]} ${at}`).join(", ");
  return { cell: { dials }, dials, name };
}

function mixed(kind: Kind, column: number, row: number, wide: number, high: number): Place {
  const right = wide > 1 ? column / (wide - 1) : 0;
  const down = high > 1 ? row / (high - 1) : 0;
  const weights = kind === "strip" ? [1 - right, right] : [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down];
  return { cell: { weights }, weights, name: weights.map((one) => one.toFixed(2)).join(" / ") };
}
