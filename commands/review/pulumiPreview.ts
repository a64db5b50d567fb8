// Runs `pulumi preview` and reads the engine's events:
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { log, logHeading } from "../../lib/log";
import type { ImageInputs } from "../builder";
import { BuildLogs } from "../buildOutput";
import type { Project } from "../target";

/** What the preview would do to an Image, in the form of the engine. */
export interface ImageStep {
  readonly type: string;
  readonly urn: string;
  /** create, update, same, delete, … */
  readonly op: string;
  /** The paths of the inputs that differ. */
  readonly diffs?: readonly string[] | null;
  readonly old: ImageState | null;
  readonly new: ImageState | null;
}

type ImageState = Readonly<{ inputs: ImageInputs; outputs: { readonly digest?: string } }>;

/** Why a preview failed, with the end of the build's output. The name is the Image's, empty for the program itself. */
export interface Problem {
  readonly name: string;
  readonly message: string;
  readonly output: readonly string[];
}

/** How a preview ended: steps by the Image's name, such as python-smoke; what was printed; no problems if it succeeded. */
export interface Preview {
  readonly steps: ReadonlyMap<string, ImageStep>;
  readonly problems: readonly Problem[];
  readonly messages: readonly string[];
}

interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: ImageStep };
  readonly diagnosticEvent?: { readonly urn?: string; readonly message: string; readonly severity?: string };
}

/** Previews, logs build steps, and writes messages to pulumi.log: no events, because these hold credentials. */
export async function runPreview({ folder, env, logs }: Omit<Project, "languages">): Promise<Preview> {
  logHeading("pulumi preview");
  const running = execa("pulumi", ["preview", "--json", "--non-interactive"], {
    cwd: folder,
    // https://www.pulumi.com/docs/iac/cli/environment-variables/
    env: { ...env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
    buffer: { stdout: false },
    reject: false,
  });
  const preview = await readEvents(running.iterable({ from: "stdout" }));
  const { failed, stderr } = await running;
  writeFileSync(join(logs, "pulumi.log"), [...preview.messages, stderr, ""].join("\n"));
  const unknown = { name: "", message: stderr.trim() || "pulumi preview failed.", output: [] };
  const problems = preview.problems.length > 0 ? preview.problems : [unknown];
  return { ...preview, problems: failed ? problems : [] };
}

/** Reads events, each a line of JSON. Any other line is a message. */
export async function readEvents(lines: AsyncIterable<string> | Iterable<string>): Promise<Preview> {
  const steps = new Map<string, ImageStep>();
  const errors: Omit<Problem, "output">[] = [];
  const messages: string[] = [];
  const logs = new BuildLogs();
  for await (const line of lines) {
    const isEvent = line.startsWith("{");
    const event = isEvent ? (JSON.parse(line) as EngineEvent) : { diagnosticEvent: { message: line } };
    const { resourcePreEvent, diagnosticEvent }: EngineEvent = event;
    const step = resourcePreEvent?.metadata;
    if (step?.type === "docker-build:index:Image") steps.set(nameOf(step.urn), step);
    const { urn = "", message = "", severity } = diagnosticEvent ?? {};
    const [name, text] = [nameOf(urn), message.trimEnd()];
    if (text === "" || severity === "debug") continue;
    messages.push(`${name} ${text}`.trimStart());
    if (name !== "") logs.add(name, text).forEach((begun) => log(name, begun));
    if (severity === "error" && text !== "preview failed") errors.push({ name, message: text });
  }
  const problems = errors.map((error) => ({ ...error, output: logs.tail(error.name) }));
  return { steps, problems, messages };
}

function nameOf(urn: string): string {
  return urn.replace(/^.*::/, "");
}
