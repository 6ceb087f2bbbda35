// The brush: paint where the style goes, or where structure is kept, over the content picture.

import { address, api } from "./api";
import { button, dialog, h, say } from "./dom";
import { change } from "./state";
import { t } from "./texts";

const LONGEST = 640; // px of what is painted
const INK = "#e0452c";

export async function brush(which: "mask" | "protect", content: string, kept: string | null): Promise<void> {
  const { width, height } = await api.about(content);
  const scale = LONGEST / Math.max(width, height);
  const [w, hh] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const canvas = h("canvas", { width: w, height: hh, tabIndex: 0, role: "application", "aria-label": t.brushCanvas, "aria-describedby": "brush-help" });
  const ink = canvas.getContext("2d", { willReadFrequently: true })!;
  const cursor = h("span", { className: "cursor", "aria-hidden": "true" });
  const size = h("input", { type: "range", id: "brush-size", min: "2", max: "40", step: "1", value: "10", oninput: () => place() });
  const erase = h("input", { type: "checkbox", id: "brush-erase" });
  const past: ImageData[] = [];
  let at: [number, number] = [w / 2, hh / 2];
  const radius = (): number => (Number(size.value) / 100) * Math.max(w, hh);
  const remember = (): void => void (past.push(ink.getImageData(0, 0, w, hh)) > 40 && past.shift());
  const stroke = (from: [number, number], to: [number, number]): void => {
    ink.globalCompositeOperation = erase.checked ? "destination-out" : "source-over";
    ink.strokeStyle = INK;
    ink.lineWidth = 2 * radius();
    ink.lineCap = "round";
    ink.beginPath();
    ink.moveTo(...from);
    ink.lineTo(to[0], to[1] + 0.01);
    ink.stroke();
  };
  const place = (): void => {
    cursor.style.left = `${(at[0] / w) * 100}%`;
    cursor.style.top = `${(at[1] / hh) * 100}%`;
    cursor.style.width = `${((2 * radius()) / w) * 100}%`;
  };
  const point = (event: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * w, ((event.clientY - box.top) / box.height) * hh];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    remember();
    at = point(event);
    stroke(at, at);
    place();
  });
  canvas.addEventListener("pointermove", (event) => {
    const to = point(event);
    if (canvas.hasPointerCapture(event.pointerId)) stroke(at, to);
    at = to;
    place();
  });
  canvas.addEventListener("keydown", (event) => {
    const far = (event.shiftKey ? 0.1 : 0.02) * Math.max(w, hh);
    const ways: Record<string, [number, number]> = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
    const way = ways[event.key];
    if (way) at = [Math.min(Math.max(at[0] + way[0], 0), w), Math.min(Math.max(at[1] + way[1], 0), hh)];
    else if (event.key === " " || event.key === "Enter") (remember(), stroke(at, at));
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") undo();
    else return;
    event.preventDefault();
    place();
  });
  const undo = (): void => {
    const last = past.pop();
    if (last) ink.putImageData(last, 0, 0);
  };
  const clear = (): void => (remember(), ink.clearRect(0, 0, w, hh));
  const fill = (): void => {
    remember();
    ink.globalCompositeOperation = "source-over";
    ink.fillStyle = INK;
    ink.fillRect(0, 0, w, hh);
  };
  const done = async (): Promise<void> => {
    const [mask, share] = white(ink, w, hh);
    try {
      if (which === "protect" && share === 1) return say(t.protectAll, true);
      change({ [which]: share > 0 && share < 1 ? (await api.give(await blob(mask))).id : null });
      box.close();
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  if (kept) await restored(ink, kept, w, hh);
  const painted = h("div", { className: "painted" }, h("img", { src: address.large(content), alt: t.contentPicture }), canvas, cursor);
  painted.style.aspectRatio = `${w} / ${hh}`;
  painted.style.width = `min(100%, ${(52 * w) / hh}dvh)`;
  const box = dialog(
    t.brush[which], t.close,
    h("p", { className: "note", id: "brush-help" }, t.brushHelp[which], " ", t.brushKeys),
    painted,
    h("div", { className: "row" }, h("label", { className: "row", htmlFor: "brush-size" }, t.brushSize, size), h("label", { className: "row" }, erase, t.erase)),
    h("div", { className: "row" }, button(t.undo, undo), button(t.clear, clear), button(t.fillAll, fill), button(t.done, () => void done(), { id: "brush-done", className: "primary" })),
  );
  place();
  canvas.focus();
}

/** What is painted as white on black, and its share of the picture. */
function white(ink: CanvasRenderingContext2D, w: number, hh: number): [HTMLCanvasElement, number] {
  const painted = ink.getImageData(0, 0, w, hh);
  let count = 0;
  for (let at = 0; at < painted.data.length; at += 4) {
    const value = painted.data[at + 3];
    count += value > 127 ? 1 : 0;
    painted.data.fill(value, at, at + 3);
    painted.data[at + 3] = 255;
  }
  const canvas = h("canvas", { width: w, height: hh });
  canvas.getContext("2d")!.putImageData(painted, 0, 0);
  return [canvas, count / (w * hh)];
}

async function restored(ink: CanvasRenderingContext2D, kept: string, w: number, hh: number): Promise<void> {
  const image = h("img", { src: address.large(kept) });
  await image.decode();
  ink.drawImage(image, 0, 0, w, hh);
  const painted = ink.getImageData(0, 0, w, hh);
  const [red, green, blue] = [1, 3, 5].map((from) => parseInt(INK.slice(from, from + 2), 16));
  for (let at = 0; at < painted.data.length; at += 4) painted.data.set([red, green, blue, painted.data[at]], at);
  ink.putImageData(painted, 0, 0);
}

const blob = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) => canvas.toBlob((data) => (data ? resolve(data) : reject(new Error(t.noAnswer))), "image/png"));
