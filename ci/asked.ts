import { type Language, catalogue } from "../images/catalogue";
import { type Platform, platforms } from "../images/platform";
import { Fault } from "./fault";

/** The tag that the variable TAG names. Throws a Fault where it is not set. */
export function tagAskedFor({ TAG: tag = "" }: NodeJS.ProcessEnv = process.env): string {
  if (tag !== "") return tag;
  throw new Fault("TAG is not given. Give a release tag, such as TAG=v3.66.0.");
}

/**
 * The languages that the variable LANGUAGE names, separated by commas, in the catalogue's order; every one where it is
 * not set. Throws a Fault that names unknown ones.
 */
export function languagesAskedFor(env: NodeJS.ProcessEnv = process.env): readonly Language[] {
  const known = catalogue.map(({ name }) => name);
  const asked = namesIn("LANGUAGE", known, env) ?? known;
  return catalogue.filter(({ name }) => asked.includes(name));
}

/**
 * The platforms that the variable PLATFORMS names, separated by commas; undefined where it is not set. Throws a Fault that
 * names unknown ones.
 */
export function platformsAskedFor(env: NodeJS.ProcessEnv = process.env): readonly Platform[] | undefined {
  return namesIn("PLATFORMS", Object.keys(platforms) as Platform[], env);
}

function namesIn<Name extends string>(
  variable: string,
  known: readonly Name[],
  env: NodeJS.ProcessEnv,
): Name[] | undefined {
  const text = env[variable];
  if (text === undefined || text === "") return undefined;
  const asked = [...new Set(text.split(","))];
  const isKnown = (name: string): name is Name => (known as readonly string[]).includes(name);
  const unknown = asked.filter((name) => !isKnown(name)).map((name) => JSON.stringify(name));
  if (unknown.length === 0) return asked.filter(isKnown);
  throw new Fault(
    `${variable} ${JSON.stringify(text)}: unknown ${unknown.join(", ")}. ` +
      `Give some of ${known.join(",")}, separated by commas.`,
  );
}
