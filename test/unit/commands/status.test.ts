import assert from "node:assert/strict";
import { mock } from "node:test";

import { status } from "../../../commands/status";
import { catalogue } from "../../../images/catalogue";
import { versionLabel } from "../../../images/labels";
import { serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { targetWith } from "../../helpers/targets";

/** The version of each tag, by language. */
type Served = Readonly<Record<string, Readonly<Record<string, string>>>>;

const languages = catalogue.map(({ name }) => name);
const [first = "", ...others] = languages;
const everywhere = (tags: Readonly<Record<string, string>>): Served =>
  Object.fromEntries(languages.map((name) => [name, tags]));

describe("status", () => {
  /** Runs it on a registry that serves these versions. Returns what it printed, and its error. */
  async function run(served: Served, only?: string, lost?: string): Promise<{ lines: string[]; error?: unknown }> {
    const { url } = await serve(({ url: path = "" }) => {
      const [, language = "", kind, rest = ""] =
        /^\/v2\/runner-pulumi-(\w+)\/(tags|manifests|blobs)\/([^?]*)/.exec(path) ?? [];
      const tags = served[language] ?? {};
      if (kind === "tags") return { body: JSON.stringify({ tags: [...Object.keys(tags), "sha256-0.att"] }) };
      const version = tags[rest] ?? rest.replace("sha256:", "");
      if (kind === "blobs" && language === lost) return { status: 404 };
      if (kind === "blobs") return { body: JSON.stringify({ config: { Labels: { [versionLabel]: version } } }) };
      const digest = `sha256:${version}`;
      return { headers: { "docker-content-digest": digest }, body: JSON.stringify({ config: { digest }, layers: [] }) };
    });
    const target = targetWith({ registry: () => Promise.resolve({ registry: url.replace("http://", ""), alias: "" }) });
    const print = mock.method(console, "log", () => undefined);
    try {
      const error: unknown = await status(target, only).then(
        () => undefined,
        (problem: unknown) => problem,
      );
      return { lines: print.mock.calls.map((call) => String(call.arguments[0]).trim()), error };
    } finally {
      print.mock.restore();
    }
  }

  it("lists tag, language, version and digest, latest first and then the newest version", async () => {
    const { lines, error } = await run(everywhere({ "v3.9.0": "3.9.0", latest: "3.10.0", "v3.10.0": "3.10.0" }));
    assert.equal(error, undefined);
    assert.match(lines[0] ?? "", /^tag +language +version +digest +pulls$/);
    assert.match(lines[1] ?? "", /^latest +\w+ +3\.10\.0 +sha256:3\.10\.0 +yes$/);
    const tags = [...new Set(lines.slice(1, -1).map((line) => line.split(" ")[0]))];
    assert.deepEqual(tags, ["latest", "v3.10.0", "v3.9.0"]);
    assert.equal(lines.length, 2 + 3 * languages.length);
    assert.equal(lines.at(-1), "The languages agree on latest.");
  });

  it("lists one tag alone", async () => {
    const { lines } = await run(everywhere({ latest: "3.10.0", "v3.10.0": "3.10.0" }), "v3.10.0");
    assert.equal(lines.length, 2 + languages.length);
  });

  it("fails if the languages do not agree on latest, and says what finishes it", async () => {
    const served = { ...everywhere({ latest: "3.64.0" }), [first]: { latest: "3.66.0" } };
    const { error } = await run(served);
    const sentence = `The languages do not agree on latest: Pulumi 3.66.0 of ${first}; Pulumi 3.64.0 of ${others.join(", ")}.`;
    isFault(`${sentence}\nRe-release its latest-v tag: that finishes the others.`)(error);
  });

  it("names a language that lacks a version, which may be a newer one than the version", async () => {
    const served = { ...everywhere({ latest: "3.66.0", "v3.64.0": "3.64.0" }), [first]: { latest: "3.66.0" } };
    const { lines, error } = await run(served);
    assert.equal(error, undefined);
    assert.ok(lines.includes(`v3.64.0: Pulumi 3.64.0 of ${others.join(", ")}; none of ${first}.`), lines.join("\n"));
  });

  it("names what the registry has lost of a tag, and fails", async () => {
    const { lines, error } = await run(everywhere({ latest: "3.66.0" }), "latest", first);
    const sentence = `latest of ${first} cannot be pulled: the registry has lost blob sha256:3.66.0.`;
    isFault(new RegExp(`^${sentence}\nRe-release each of these tags: that pushes what is lost\\.`))(error);
    assert.equal(lines.filter((line) => line.endsWith(" no")).length, 1);
  });

  it("refuses a stack that serves nothing", async () => {
    isFault("Stack prod serves no tag.")((await run({})).error);
    isFault("Stack prod serves no tag v3.66.0.")((await run({}, "v3.66.0")).error);
  });
});
