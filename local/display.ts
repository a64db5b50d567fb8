import { createWriteStream } from "node:fs";

import { execa } from "execa";

/** A line of pulumi's plain output that carries a line of a build's log, `#<step> …`. */
const buildLine = /:Image (\S+) .*?(?:\]; |\) )#(\d+) (.*)$/;
/** Dots, and a resource that is still at it. */
const noise = /^@ |:Image \S+ [a-z]+ing \(\d+s\)/;

/**
 * Turns pulumi's plain output into lines worth reading: each step of a build once, and everything that is no build's
 * log. Gives undefined for a line that tells nothing new.
 */
export function createFilter(): (line: string) => string | undefined {
  const steps = new Set<string>();
  return (line) => {
    const [, image, step, text = ""] = buildLine.exec(line) ?? [];
    if (image === undefined) return noise.test(line) ? undefined : line;
    const key = `${image} ${step}`;
    if (!text.startsWith("[") || /^\[(internal|context)/.test(text) || steps.has(key)) return undefined;
    steps.add(key);
    return `     ${image.padEnd(18)} ${text.replace(/\s+/g, " ").slice(0, 96)}`;
  };
}

/**
 * Runs pulumi and shows what it does: its own display on a terminal, and a short account of it elsewhere, with the
 * whole output in a log file. Tells whether it succeeded.
 */
export async function showPulumi(
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; log: string },
): Promise<boolean> {
  const { cwd, env, log } = options;
  if (process.stdout.isTTY) {
    return !(await execa("pulumi", args, { cwd, env, stdio: "inherit", reject: false })).failed;
  }
  const file = createWriteStream(log);
  const filter = createFilter();
  const running = execa("pulumi", args, { cwd, env, stdin: "ignore", all: true, buffer: false, reject: false });
  for await (const line of running.iterable({ from: "all" })) {
    file.write(`${line}\n`);
    const shown = filter(line);
    if (shown !== undefined) console.log(shown);
  }
  file.end();
  console.log(`  The whole output is in ${log}.`);
  return !(await running).failed;
}
