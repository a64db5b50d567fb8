import { Fault } from "../../lib/errors";
import { type Answer, type Probe, hosts, packages, toolProbes } from "./probes";

/** What is inside an image of one platform. */
export interface Contents {
  /** The version of each tool, in the order of the probes. */
  readonly tools: Readonly<Record<string, string>>;
  /** The languages that Pulumi has a host for, sorted. */
  readonly hosts: readonly string[];
  /** The version of each Debian package, sorted by name. None in an image that is not Debian. */
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * Reads what an image answered, by the names of the probes. A probe without an answer is that of a tool which is not
 * there. Throws a Fault that names every probe whose command failed or said something else than is known.
 * @param image what answered, for the Fault
 */
export function readContents(image: string, answers: ReadonlyMap<string, Answer>): Contents {
  const faults = [...toolProbes, hosts, packages].flatMap((probe) => faultOf(probe, answers.get(probe.name)));
  if (faults.length > 0) {
    throw new Fault(`${image} does not tell what is inside: ${faults.join("; ")}. Mend commands/inventory/probes.ts.`);
  }
  const versions = toolProbes.flatMap((probe) =>
    read(probe, answers).map((version): [string, string] => [probe.name, version]),
  );
  const installed = read(packages, answers).map((line) => line.split(" ", 2) as [string, string]);
  return {
    tools: Object.fromEntries(versions),
    hosts: [...new Set(read(hosts, answers))].sort(),
    packages: Object.fromEntries(installed.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function read({ name, answer }: Probe, answers: ReadonlyMap<string, Answer>): string[] {
  const text = answers.get(name)?.text ?? "";
  if (answer.global) return [...text.matchAll(answer)].map(([, found = ""]) => found);
  const [, found] = answer.exec(text) ?? [];
  return found === undefined ? [] : [found];
}

function faultOf({ name, command, answer }: Probe, given: Answer | undefined): string[] {
  if (given === undefined) return [];
  const said = JSON.stringify(given.text.trim().slice(0, 200));
  if (given.exitCode !== 0) return [`probe ${name}: "${command}" ended with ${given.exitCode}: ${said}`];
  // `search` starts at the beginning, whatever was looked for before with the same expression.
  return given.text.search(answer) < 0 ? [`probe ${name}: "${command}" said ${said}, which is not ${answer}`] : [];
}
