// Elements without a framework: tag, properties, children. Text is only ever text.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (name in element && !name.startsWith("aria")) Reflect.set(element, name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
  return element;
}

export function svg(tag: string, props: Record<string, string | number> = {}, ...children: SVGElement[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export function button(text: string, press: () => void, more: Props = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick: press, ...more }, text);
}

let hide = 0;

/** One line that a screen reader says too. */
export function say(text: string, wrong = false): void {
  const place = document.querySelector<HTMLElement>("#said")!;
  place.textContent = text;
  place.classList.toggle("wrong", wrong);
  place.classList.add("seen");
  clearTimeout(hide);
  hide = window.setTimeout(() => place.classList.remove("seen"), wrong ? 9000 : 4000);
}

export function pickFile(accept: string, take: (file: File) => void): void {
  pickFiles({ accept }, (files) => files[0] && take(files[0]));
}

export function pickFiles(more: Props, take: (files: File[]) => void): void {
  const input = h("input", { type: "file", ...more, onchange: () => take([...(input.files ?? [])]) });
  input.click();
}

/** A dialog that goes when it is closed. */
export function dialog(title: string, close: string, ...children: Child[]): HTMLDialogElement {
  const shut = button("✕", () => box.close(), { className: "quiet", "aria-label": close });
  const box = h("dialog", { className: "picker", "aria-label": title, onclose: () => box.remove() }, h("header", {}, h("h2", {}, title), shut), ...children);
  document.body.append(box);
  box.showModal();
  return box;
}
