// The networks of a bundle in onnxruntime-web: graphs as they are, with weights from the one safetensors file.

import { joined } from "./bytes";
import { fromHalf } from "./recipe";

interface Tensor { data: Float32Array; dims: readonly number[] }
interface Session { inputNames: readonly string[]; outputNames: readonly string[]; run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> }
interface Ort {
  env: { wasm: { wasmPaths: string; numThreads: number } };
  Tensor: new (type: string, data: Float32Array | BigInt64Array, dims: readonly number[]) => Tensor;
  InferenceSession: { create(graph: Uint8Array, options: object): Promise<Session> };
}

export type Component = "encode" | "decode" | "denoise" | "style" | "content" | "content_map" | "project" | "guide";
export interface Output { data: Float32Array; dims: readonly number[] }

export class Networks {
  private readonly sessions = new Map<Component, Promise<Session>>();

  private constructor(private readonly ort: Ort, private readonly folder: string, private readonly weights: Weights) {}

  /** From the addresses of the runtime's folder and of the bundle's. `told` hears of bytes as they come. */
  static async open(runtime: string, folder: string, threads: number, told: (bytes: number) => void): Promise<Networks> {
    const [ort, stored] = await Promise.all([
      import(/* @vite-ignore */ `${runtime}ort.wasm.min.mjs`) as Promise<Ort>,
      fetched(`${folder}weights.safetensors`, told),
    ]);
    ort.env.wasm.wasmPaths = runtime;
    ort.env.wasm.numThreads = threads;
    return new Networks(ort, folder, new Weights(stored));
  }

  /** The output of a component. Inputs are float32; a plain number is a timestep. */
  async run(component: Component, ...inputs: (Output | number)[]): Promise<Output> {
    const session = await this.session(component);
    const feeds = Object.fromEntries(inputs.map((given, place) => [session.inputNames[place], typeof given === "number"
      ? new this.ort.Tensor("int64", BigInt64Array.of(BigInt(given)), []) : new this.ort.Tensor("float32", given.data, given.dims)]));
    const { data, dims } = (await session.run(feeds))[session.outputNames[0]];
    if (!data.every(Number.isFinite)) throw new Error(`the model's ${component} gives what are no finite numbers: load the page again`);
    return { data, dims };
  }

  /** A component's session, opened when it is first asked for. */
  session(component: Component): Promise<Session> {
    let opened = this.sessions.get(component);
    if (!opened) this.sessions.set(component, (opened = this.opened(component)));
    return opened;
  }

  private async opened(component: Component): Promise<Session> {
    const weights = component === "guide" ? new Weights(await fetched(`${this.folder}guide.safetensors`)) : this.weights;
    const graph = withWeights(await fetched(`${this.folder}${component}.onnx`), (name) => weights.of(`${component}/${name}`));
    return this.ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
  }
}

export async function fetched(address: string, told: (bytes: number) => void = () => undefined): Promise<Uint8Array<ArrayBuffer>> {
  const reply = await fetch(address);
  if (!reply.ok || !reply.body) throw new Error(`${address} cannot be had (${reply.status})`);
  const parts: Uint8Array[] = [];
  const reader = reply.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(...parts);
    told(value.length);
    parts.push(value);
  }
}

/** A safetensors file, of which a tensor may go by several names. */
export class Weights {
  readonly entries: Record<string, { dtype: string; data_offsets: [number, number] }>;
  private readonly alias: Record<string, string>;
  private readonly start: number;

  constructor(private readonly file: Uint8Array<ArrayBuffer>) {
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    const { __metadata__, ...entries } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<string, never>;
    [this.entries, this.alias, this.start] = [entries, __metadata__ ?? {}, 8 + length];
  }

  /** Little-endian float32, whatever is stored. */
  of(full: string): Uint8Array<ArrayBuffer> {
    const entry = this.entries[full] ?? this.entries[this.alias[full]];
    if (!entry) throw new Error(`the model lacks ${full}: export it again`);
    const bytes = this.file.slice(this.start + entry.data_offsets[0], this.start + entry.data_offsets[1]);
    if (entry.dtype === "F32") return bytes;
    const halves = new Uint16Array(bytes.buffer);
    const made = new Uint32Array(halves.length);
    for (let i = 0; i < halves.length; i++) made[i] = HALF[halves[i]];
    return new Uint8Array(made.buffer);
  }
}

/** The bits of a float32 for those of each float16. */
const HALF = Uint32Array.from({ length: 1 << 16 }, (_, bits) => new Uint32Array(Float32Array.of(fromHalf(bits)).buffer)[0]);

// Field numbers of onnx.proto: model.graph, graph.initializer, tensor.name, .raw_data, .external_data, .data_location.
const GRAPH = 7, INITIALIZER = 5, NAME = 8, RAW = 9, EXTERNAL = 13, LOCATION = 14;

/** A graph whose tensors that lie outside are written into it. */
function withWeights(model: Uint8Array, weight: (name: string) => Uint8Array): Uint8Array {
  return rewritten(model, GRAPH, (graph) => rewritten(graph, INITIALIZER, (tensor) => {
    const fields = [...walked(tensor)];
    if (!fields.some(({ field }) => field === EXTERNAL)) return tensor;
    const name = new TextDecoder().decode(fields.find(({ field }) => field === NAME)!.value);
    const kept = fields.filter(({ field }) => field !== EXTERNAL && field !== LOCATION).map(({ whole }) => whole);
    return joined(...kept, ...delimited(RAW, weight(name)));
  }));
}

function rewritten(message: Uint8Array, wanted: number, change: (value: Uint8Array) => Uint8Array): Uint8Array {
  return joined(...[...walked(message)].flatMap(({ field, value, whole }) => (field === wanted ? delimited(field, change(value)) : [whole])));
}

function delimited(field: number, value: Uint8Array): (Uint8Array | number[])[] {
  const head: number[] = [];
  for (let number of [field * 8 + 2, value.length]) {
    for (; number > 127; number = Math.floor(number / 128)) head.push((number % 128) + 128);
    head.push(number);
  }
  return [head, value];
}

function* walked(message: Uint8Array): Generator<{ field: number; value: Uint8Array; whole: Uint8Array }> {
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    const wire = key % 8;
    const length = wire === 2 ? varint() : wire === 1 ? 8 : wire === 5 ? 4 : (varint(), 0);
    at += length;
    yield { field: Math.floor(key / 8), value: message.subarray(at - length, at), whole: message.subarray(start, at) };
  }
}
