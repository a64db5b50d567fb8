// Runs `pulumi preview` and reads the engine's events:
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { log, logHeading } from "../../lib/log";

/** The inputs of an Image that are read here; it has more: https://www.pulumi.com/registry/packages/docker-build */
export interface ImageInputs {
  readonly dockerfile?: { readonly inline?: string };
  readonly context?: {
    readonly location: string;
    readonly named?: Readonly<Record<string, { readonly location: string }>>;
  };
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
  readonly target?: string;
  readonly tags?: readonly string[];
  readonly builder?: { readonly name?: string };
}

interface ImageState {
  readonly inputs: ImageInputs;
  readonly outputs: { readonly digest?: string };
}

/** What the preview would do to an Image. */
export interface ImageStep {
  /** Such as python-smoke. */
  readonly name: string;
  /** create, update, same, delete, … */
  readonly op: string;
  /** The properties that differ. */
  readonly diffs: readonly string[];
  readonly before: ImageState | undefined;
  readonly now: ImageState | undefined;
}

/** Why a preview failed. */
export interface Problem {
  /** The Image that failed; undefined for the program itself. */
  readonly name: string | undefined;
  readonly message: string;
  /** The end of its build's output. */
  readonly output: readonly string[];
}

/** How a preview ended. */
export interface Preview {
  readonly steps: readonly ImageStep[];
  /** None if it succeeded. */
  readonly problems: readonly Problem[];
}

interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: { readonly urn?: string; readonly message: string; readonly severity: string };
}

interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly diffs?: readonly string[] | null;
  readonly old: ImageState | null;
  readonly new: ImageState | null;
}

/** How many lines of a failed build's output are kept. */
const tailLength = 30;

/**
 * Runs `pulumi preview`, which builds the smoke tests that changed. Logs each build step; every message goes to
 * pulumi.log. The events themselves go to no file, because they hold credentials.
 */
export async function runPreview(folder: string, logs: string): Promise<Preview> {
  logHeading("pulumi preview");
  const running = execa("pulumi", ["preview", "--json", "--non-interactive"], {
    cwd: folder,
    // https://www.pulumi.com/docs/iac/cli/environment-variables/
    env: { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
    buffer: { stdout: false },
    reject: false,
  });
  const events = new PreviewEvents();
  for await (const line of running.iterable({ from: "stdout" })) events.add(line);
  const { failed, stderr } = await running;
  writeFileSync(join(logs, "pulumi.log"), [...events.messages, stderr, ""].join("\n"));
  const problems = failed ? events.problems() : [];
  const unknown = { name: undefined, message: stderr.trim() || "pulumi preview failed.", output: [] };
  return { steps: [...events.steps.values()], problems: failed && problems.length === 0 ? [unknown] : problems };
}

/** Collects what is needed of the engine's events. */
export class PreviewEvents {
  readonly steps = new Map<string, ImageStep>();
  readonly messages: string[] = [];
  private readonly outputs = new Map<string, string[]>();
  private readonly errors: { readonly name: string | undefined; readonly message: string }[] = [];
  private readonly logged = new Set<string>();

  /** @param line an event as JSON; any other line counts as a message */
  add(line: string): void {
    const { resourcePreEvent, diagnosticEvent } = parse(line);
    if (resourcePreEvent?.metadata.type === "docker-build:index:Image") this.addStep(resourcePreEvent.metadata);
    if (diagnosticEvent !== undefined && diagnosticEvent.severity !== "debug") this.addMessage(diagnosticEvent);
  }

  /** The errors, each with the end of the output of its build. */
  problems(): Problem[] {
    return this.errors.map(({ name, message }) => ({ name, message, output: this.outputs.get(name ?? "") ?? [] }));
  }

  private addStep({ urn, op, diffs, old, new: now }: Metadata): void {
    const name = nameOf(urn);
    const properties = [...new Set((diffs ?? []).map((path) => path.replace(/[.[].*$/, "")))];
    this.steps.set(name, { name, op, diffs: properties, before: old ?? undefined, now: now ?? undefined });
  }

  private addMessage({ urn, message, severity }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    const text = message.trimEnd();
    const name = urn === undefined ? undefined : nameOf(urn);
    if (text === "") return;
    this.messages.push([name, text].filter(Boolean).join(" "));
    if (severity === "error" && text !== "preview failed") this.errors.push({ name, message: text });
    if (name !== undefined) this.addOutput(name, text);
  }

  private addOutput(name: string, text: string): void {
    const [, output] = /^#\d+ \d+\.\d+ (.*)$/.exec(text) ?? [];
    if (output !== undefined) this.outputs.set(name, [...(this.outputs.get(name) ?? []), output].slice(-tailLength));
    const [, step = ""] = /^#\d+ (\[.*)$/.exec(text) ?? [];
    const line = step.replace(/\s+/g, " ").slice(0, 96);
    if (line === "" || /^\[(internal|context)/.test(line) || this.logged.has(`${name} ${line}`)) return;
    this.logged.add(`${name} ${line}`);
    log(name, line);
  }
}

function parse(line: string): EngineEvent {
  if (line.startsWith("{")) return JSON.parse(line) as EngineEvent;
  return { diagnosticEvent: { message: line, severity: "info" } };
}

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
