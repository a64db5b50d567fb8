/** A line of pulumi's output with a line of a build's log, `#<step> …`. */
const buildLine = /:Image (\S+) .*?(?:\]; |\) |create )(#\d+ .*)$/;
/** A failed build. */
const failure = /:Image (\S+) \*\*\S* ?failed\*\*/;
/** Progress dots and in-progress resources. */
const noise = /^@ |:Image \S+ [a-z]+ing \(\d+s\)/;

/** Shortens pulumi's output, line by line: each build step once, the end of a failed build's log, and what no build prints. */
export function createFilter(): (line: string) => string[] {
  const logs = new BuildLogs();
  return (line) => {
    const [, failed] = failure.exec(line) ?? [];
    if (failed !== undefined) return [line, ...logs.tail(failed).map((text) => `     | ${text}`)];
    const [, image, text = ""] = buildLine.exec(line) ?? [];
    if (image === undefined) return noise.test(line) ? [] : [line];
    return logs.add(image, text).map((step) => `     ${image.padEnd(18)} ${step}`);
  };
}

/** The logs of builds, by image: the steps that have begun, and the last 30 lines that commands print. */
export class BuildLogs {
  private readonly steps = new Set<string>();
  private readonly outputs = new Map<string, string[]>();

  /** Adds a line, `#<step> …`. Returns the step of a Dockerfile that it begins, such as `[smoke 2/3] RUN …`, if any. */
  add(image: string, line: string): string[] {
    const [, step, text = ""] = /^#(\d+) (.*)$/.exec(line) ?? [];
    const output = /^\d+\.\d+ (.*)$/.exec(text)?.[1];
    if (output !== undefined) this.outputs.set(image, [...this.tail(image), output].slice(-30));
    const key = `${image} ${step}`;
    if (!/^\[(?!internal|context)/.test(text) || this.steps.has(key)) return [];
    this.steps.add(key);
    return [text.replace(/\s+/g, " ").slice(0, 96)];
  }

  tail(image: string): string[] {
    return this.outputs.get(image) ?? [];
  }
}
