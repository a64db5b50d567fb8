import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import * as semver from "semver";

import { Fault } from "../../../lib/errors";
import { requireNothingStuck } from "../../../commands/watch/watch";
import { readWatchConfig } from "../../../commands/watch/config";
import { readPulumiReleases, readStackRegistry } from "../../../commands/stackFile";
import {
  type PulumiRelease,
  type WorkflowRun,
  inPushes,
  limitDispatches,
  overdueVersions,
  remedyOf,
  tagsToCheck,
  tagsToPush,
  untaggedVersions,
  wantedVersions,
} from "../../../commands/watch/plan";
import { type WatchReport, toMarkdown } from "../../../commands/watch/report";
import { requireRelease } from "../../../images/gitTag";
import type { Withdrawn } from "../../../images/withdrawals";
import { checkout } from "../../../local/folder";

const firstVersion = "3.259.0";
const published = (...tags: string[]): PulumiRelease[] =>
  tags.map((tag_name) => ({ tag_name, draft: false, prerelease: false }));

describe("the versions that a watch wants", () => {
  const wanted = (releases: readonly PulumiRelease[], withdrawn = {}) =>
    wantedVersions(releases, { firstVersion, withdrawn });

  it("are the released ones from the first on, by number and each once", () =>
    assert.deepEqual(wanted(published("v3.1000.0", "v3.259.0", "v3.260.1", "v3.260.0", "v3.258.9", "v3.260.0")), [
      "3.259.0",
      "3.260.0",
      "3.260.1",
      "3.1000.0",
    ]));

  it("are no drafts, prereleases and withdrawn ones", () => {
    const [draft, prerelease] = published("v3.261.0", "v3.262.0");
    const releases = [{ ...draft!, draft: true }, { ...prerelease!, prerelease: true }, ...published("v3.263.0")];
    assert.deepEqual(wanted(releases, { "3.263.0": "yanked" }), []);
  });

  it("are no other kinds of tags", () =>
    assert.deepEqual(
      wanted(
        published("3.260.0", "sdk/v3.260.0", "v3.260.0-rc.1", "v3.260", "v03.260.0", "v3.260.0\n", "vv3.260.0", ""),
      ),
      [],
    ));
});

describe("the tags that a watch pushes", () => {
  const cases: [
    string,
    { wanted: string[]; waiting?: string[]; gitTags?: string[]; withdrawn?: Withdrawn },
    string[],
  ][] = [
    ["none where nothing was released", { wanted: [] }, []],
    ["a first version as itself and as latest", { wanted: ["3.259.0"] }, ["v3.259.0", "latest-v3.259.0"]],
    [
      "several in ascending order, latest for the newest and last",
      { wanted: ["3.259.0", "3.260.0", "3.261.0"], gitTags: ["v3.259.0", "latest-v3.259.0"] },
      ["v3.260.0", "v3.261.0", "latest-v3.261.0"],
    ],
    [
      "none twice",
      { wanted: ["3.259.0", "3.260.0"], gitTags: ["v3.259.0", "v3.260.0", "latest-v3.260.0", "dev-v3.261.0"] },
      [],
    ],
    [
      "an older version that was missed, without moving latest",
      { wanted: ["3.259.0", "3.259.1", "3.260.0"], gitTags: ["v3.259.0", "v3.260.0", "latest-v3.260.0"] },
      ["v3.259.1"],
    ],
    [
      "latest alone where its push was lost",
      { wanted: ["3.259.0", "3.260.0"], gitTags: ["v3.259.0", "v3.260.0", "latest-v3.259.0"] },
      ["latest-v3.260.0"],
    ],
    [
      "latest for the newest that does not wait",
      { wanted: ["3.259.0", "3.260.0", "3.261.0"], waiting: ["3.261.0"], gitTags: ["v3.259.0", "latest-v3.259.0"] },
      ["v3.260.0", "latest-v3.260.0"],
    ],
    ["nothing that waits", { wanted: ["3.259.0"], waiting: ["3.259.0"] }, []],
    [
      "no latest below another that was pushed by hand",
      { wanted: ["3.259.0"], gitTags: ["latest-v3.300.0"] },
      ["v3.259.0"],
    ],
    [
      "latest below a withdrawn one",
      {
        wanted: ["3.259.0"],
        gitTags: ["v3.259.0", "v3.260.0", "latest-v3.260.0"],
        withdrawn: { "3.260.0": "crashes" },
      },
      ["latest-v3.259.0"],
    ],
  ];
  for (const [name, { wanted, waiting = [], gitTags = [], withdrawn = {} }, expected] of cases) {
    it(`are ${name}`, () => assert.deepEqual(tagsToPush(wanted, waiting, { gitTags, withdrawn }), expected));
  }

  it("are three a push at most, in the same order", () => {
    assert.deepEqual(inPushes([]), []);
    assert.deepEqual(inPushes(["1", "2", "3"]), [["1", "2", "3"]]);
    assert.deepEqual(inPushes(["1", "2", "3", "4"]), [["1", "2", "3"], ["4"]]);
  });

  const version = fc
    .tuple(fc.constant(3), fc.integer({ min: 257, max: 263 }), fc.nat(2))
    .map((parts) => parts.join("."));
  const versions = fc.uniqueArray(version, { maxLength: 8 });
  const tag = fc.tuple(fc.constantFrom("v", "latest-v", "dev-v", "nightly-"), version).map((parts) => parts.join(""));
  const situation = fc.record({
    releases: fc.array(
      fc.record({ tag_name: version.map((text) => `v${text}`), draft: fc.boolean(), prerelease: fc.boolean() }),
      { maxLength: 12 },
    ),
    waiting: versions,
    gitTags: fc.uniqueArray(tag, { maxLength: 12 }),
    withdrawn: versions.map((list) => Object.fromEntries(list.map((text) => [text, "yanked"]))),
  });
  type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

  const plan = ({ releases, waiting, gitTags, withdrawn }: Situation) =>
    tagsToPush(wantedVersions(releases, { firstVersion, withdrawn }), waiting, { gitTags, withdrawn });

  const holds = (property: (tags: string[], given: Situation) => void) =>
    fc.assert(
      fc.property(situation, (given) => property(plan(given), given)),
      { numRuns: 1000 },
    );

  it("leave nothing to do when they are pushed", () =>
    holds((tags, given) => assert.deepEqual(plan({ ...given, gitTags: [...given.gitTags, ...tags] }), [])));

  it("come to the same, whatever was pushed of them before the run broke off", () =>
    holds((tags, given) => {
      inPushes(tags).reduce((before, push) => {
        assert.deepEqual(plan({ ...given, gitTags: [...given.gitTags, ...before] }), tags.slice(before.length));
        return [...before, ...push];
      }, [] as string[]);
    }));

  it("come to the same once nothing waits, but for latest of each run", () =>
    holds((tags, given) => {
      const after = plan({ ...given, waiting: [], gitTags: [...given.gitTags, ...tags] });
      const own = (list: string[]) => list.filter((text) => text.startsWith("v"));
      assert.deepEqual([...own(tags), ...own(after)].sort(), own(plan({ ...given, waiting: [] })).sort());
    }));

  it("are of released versions that are neither draft, prerelease, withdrawn, waiting nor before the first", () =>
    holds((tags, { releases, waiting, gitTags, withdrawn }) => {
      for (const text of tags) {
        const { pulumiVersion, tag: image, stack } = requireRelease(text);
        assert.equal(stack, "prod");
        assert.ok(
          releases.some((one) => one.tag_name === `v${pulumiVersion}` && !one.draft && !one.prerelease),
          text,
        );
        assert.ok(!(pulumiVersion in withdrawn) && semver.gte(pulumiVersion, firstVersion), text);
        assert.ok(!gitTags.includes(text), text);
        // latest may be of what was released before, whether or not its files are still there.
        const released = image === "latest" && gitTags.includes(`v${pulumiVersion}`);
        assert.ok(released || !waiting.includes(pulumiVersion), text);
      }
    }));

  it("hold latest once at most, last, for the newest version that is tagged, and never below another latest", () =>
    holds((tags, { releases, gitTags, withdrawn }) => {
      const latest = tags.filter((text) => text.startsWith("latest-"));
      if (latest.length === 0) return;
      assert.deepEqual(latest, tags.slice(-1));
      const { pulumiVersion } = requireRelease(latest[0] ?? "");
      const wanted = wantedVersions(releases, { firstVersion, withdrawn });
      const tagged = wanted.filter((text) => [...gitTags, ...tags].includes(`v${text}`));
      assert.equal(pulumiVersion, tagged.at(-1));
      for (const other of gitTags.filter((text) => text.startsWith("latest-v"))) {
        const { pulumiVersion: there } = requireRelease(other);
        assert.ok(there in withdrawn || semver.gt(pulumiVersion, there), `${pulumiVersion} after ${there}`);
      }
    }));

  it("are in ascending order, in pushes that are full but for the last", () =>
    holds((tags) => {
      const own = tags.filter((text) => text.startsWith("v")).map((text) => text.slice(1));
      assert.deepEqual(own, [...own].sort(semver.compare));
      const pushes = inPushes(tags);
      assert.deepEqual(pushes.flat(), tags);
      assert.ok(pushes.every(({ length }, index) => length === 3 || (length > 0 && index === pushes.length - 1)));
    }));

  it("leave no version that can be built without a tag", () =>
    holds((tags, { releases, waiting, gitTags, withdrawn }) => {
      const wanted = wantedVersions(releases, { firstVersion, withdrawn });
      const left = untaggedVersions(wanted, [...gitTags, ...tags]);
      assert.deepEqual(
        left.filter((text) => !waiting.includes(text)),
        [],
      );
    }));
});

describe("the tags whose images a watch looks for", () => {
  const gitTags = ["v3.258.0", "v3.259.0", "v3.260.0", "dev-v3.261.0", "latest-v3.259.0", "latest-v3.260.0", "nightly"];
  const check = (withdrawn = {}, pushed: string[] = []) => tagsToCheck({ gitTags, firstVersion, withdrawn }, pushed);

  it("are all from the first version on, and the highest latest-v", () =>
    assert.deepEqual(check(), ["v3.259.0", "v3.260.0", "dev-v3.261.0", "latest-v3.260.0"]));

  it("are not withdrawn", () =>
    assert.deepEqual(check({ "3.260.0": "crashes" }), ["v3.259.0", "dev-v3.261.0", "latest-v3.259.0"]));

  it("are not those that have only just been pushed, and no latest that one of those supersedes", () =>
    assert.deepEqual(check({}, ["v3.261.0", "latest-v3.261.0", "v3.260.0"]), ["v3.259.0", "dev-v3.261.0"]));
});

describe("versions that wait", () => {
  it("are overdue six hours after Pulumi published them", () => {
    const releases = [
      { tag_name: "v3.260.0", published_at: "2026-11-18T13:00:00Z" },
      { tag_name: "v3.261.0", published_at: "2026-11-18T13:00:01Z" },
      { tag_name: "v3.262.0", published_at: null },
    ];
    const overdue = (...waiting: string[]) => overdueVersions(waiting, releases, new Date("2026-11-18T19:00:01Z"));
    assert.deepEqual(overdue("3.260.0", "3.261.0", "3.262.0", "3.263.0"), ["3.260.0"]);
    assert.deepEqual(overdue(), []);
  });
});

describe("what a watch does about a failed release", () => {
  const run = (conclusion: string | null, tag = "v3.260.0", status = "completed"): WorkflowRun => ({
    display_title: `Release ${tag}`,
    status,
    conclusion,
    html_url: `https://example.com/${conclusion ?? status}`,
  });
  const cases: [string, WorkflowRun[], string][] = [
    ["never ran", [], "dispatch"],
    ["failed twice", [run("failure"), run("failure")], "dispatch"],
    ["failed three times", [run("timed_out"), run("cancelled"), run("startup_failure")], "failing"],
    [
      "failed three times since it succeeded",
      [...Array<WorkflowRun>(3).fill(run("failure")), run("success")],
      "failing",
    ],
    ["succeeded among the last three", [run("failure"), run("success"), run("failure"), run("failure")], "dispatch"],
    [
      "failed thrice under other tags",
      ["latest-v3.260.0", "dev-v3.260.0", "v3.260.01"].map((tag) => run("failure", tag)),
      "dispatch",
    ],
    ...["queued", "in_progress", "waiting", "pending", "requested"].map((status): [string, WorkflowRun[], string] => [
      `is ${status}`,
      [run("failure"), run("failure"), run("failure"), run(null, "v3.260.0", status)],
      "under way",
    ]),
  ];
  for (const [name, runs, kind] of cases) {
    it(`is to ${kind} where it ${name}`, () => assert.equal(remedyOf("v3.260.0", runs).kind, kind));
  }

  it("names the last run of a release that keeps failing", () =>
    assert.deepEqual(remedyOf("v3.260.0", [run("cancelled"), run("failure"), run("failure")]), {
      kind: "failing",
      url: "https://example.com/cancelled",
    }));
});

describe("the report of a watch", () => {
  const empty: WatchReport = {
    dryRun: false,
    commit: "0123456789abcdef0123456789abcdef01234567",
    pushed: [],
    madeMeanwhile: [],
    waiting: {},
    overdue: [],
    failed: [],
    untold: {},
  };
  const full: WatchReport = {
    ...empty,
    pushed: ["v3.260.0", "latest-v3.260.0"],
    madeMeanwhile: ["v3.259.1"],
    waiting: { "3.261.0": "https://example.com answers\n404" },
    failed: [
      { gitTag: "v3.259.0", missing: ["golang", "java"], remedy: { kind: "dispatch" } },
      { gitTag: "v3.259.2", missing: ["golang"], remedy: { kind: "failing", url: "https://example.com/9" } },
    ],
    untold: { "v3.259.3": "connection refused" },
  };

  it("says that there is nothing to do", () =>
    assert.equal(toMarkdown(empty), "## Watch of Pulumi's releases\n\nNothing to do."));

  it("lists everything under a heading of its own", () =>
    assert.equal(
      toMarkdown(full),
      `## Watch of Pulumi's releases

### Pushed for 0123456789ab

- \`v3.260.0\`
- \`latest-v3.260.0\`

### Made by somebody else meanwhile

- \`v3.259.1\`

### Cannot be built yet; a later run tags them

- \`3.261.0\`: https://example.com answers 404

### Released again

- \`v3.259.0\` (missing: golang, java)

### Keep failing, and are not released again by themselves

- \`v3.259.2\` (missing: golang): https://example.com/9

### It cannot be told whether these are complete

- \`v3.259.3\`: connection refused`,
    ));

  it("claims nothing in a dry run", () => {
    const text = toMarkdown({ ...full, dryRun: true });
    assert.match(text, /\(dry run\)[^]*### Would be pushed for[^]*### Would be released again/);
    assert.doesNotMatch(text, /### (Pushed|Released)/);
  });

  it("is a fault where a version waits for too long", () => {
    requireNothingStuck({ ...empty, waiting: full.waiting });
    const stuck = { ...empty, waiting: full.waiting, overdue: ["3.261.0"] };
    assert.throws(() => requireNothingStuck(stuck), {
      message: /^Pulumi published these more than 6 hours ago, and .*:\nv3\.261\.0: https:\/\/example\.com answers/,
    });
  });

  it("is a fault only where releases keep failing", () => {
    requireNothingStuck(empty);
    requireNothingStuck({ ...full, failed: full.failed.slice(0, 1) });
    assert.throws(() => requireNothingStuck(full), {
      message:
        "Releases failed 3 times in a row and are not tried again by themselves:\n" +
        "v3.259.2 (missing: golang): https://example.com/9\n" +
        "Mend what the runs say, then release each again: gh workflow run release.yml --ref main --field tag=<tag>. " +
        "To give a version up, add it with the reason to images/withdrawn.json.",
    });
  });
});

describe("many releases that failed", () => {
  it("are dispatched ten at a time, and what is no dispatch does not count", () => {
    const dispatches = [...Array(12).keys()].map(() => ({ remedy: { kind: "dispatch" } as const }));
    const kinds = limitDispatches([{ remedy: { kind: "failing", url: "" } }, ...dispatches]).map(
      (one) => one.remedy.kind,
    );
    assert.deepEqual(kinds, ["failing", ...Array<string>(10).fill("dispatch"), "later", "later"]);
  });
});

describe("the config of a watch", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "watch-"));
    mkdirSync(join(folder, "ci", "watch"), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

  it("is what the checkout has", async () => {
    assert.deepEqual(await readWatchConfig(checkout), { repository: "pulumi/pulumi", firstVersion });
    assert.deepEqual(await readStackRegistry(checkout, "prod"), { registry: undefined, alias: "spacelift" });
    assert.deepEqual(await readStackRegistry(checkout, "dev"), { registry: undefined, alias: "spacelift-dev" });
    assert.equal(await readPulumiReleases(checkout), "https://get.pulumi.com/releases/sdk");
  });

  it("is refused with every fault at once", async () => {
    write("ci/watch/watched.json", '{"repository": "pulumi", "firstVersion": "v3.259.0", "first": 1}');
    await assert.rejects(readWatchConfig(folder), (error: Error) => {
      assert.ok(error instanceof Fault);
      assert.equal(
        error.message,
        `${folder}/ci/watch/watched.json cannot be used: unknown key "first"; ` +
          `repository "pulumi" is not owner/name, such as pulumi/pulumi; firstVersion "v3.259.0" is not a version, X.Y.Z. ` +
          `Correct it.`,
      );
      return true;
    });
  });

  for (const [name, text] of [
    ["is no JSON", "{"],
    ["is no object", "null"],
  ] as const) {
    it(`is refused where it ${name}`, async () => {
      write("ci/watch/watched.json", text);
      await assert.rejects(readWatchConfig(folder), Fault);
    });
  }

  it("takes the registry before the alias, and the stack's URL before the default, as the build does", async () => {
    write("Pulumi.yaml", "config: {pulumiReleases: {default: http://default}}");
    write(
      "Pulumi.prod.yaml",
      "config: {runner-pulumi:registry: localhost:5000/x, runner-pulumi:pulumiReleases: http://own}",
    );
    assert.deepEqual(await readStackRegistry(folder, "prod"), { registry: "localhost:5000/x", alias: "" });
    assert.equal(await readPulumiReleases(folder), "http://own");
    write("Pulumi.prod.yaml", "config: {runner-pulumi:alias: some, runner-pulumi:registry: ''}");
    assert.deepEqual(await readStackRegistry(folder, "prod"), { registry: undefined, alias: "some" });
    assert.equal(await readPulumiReleases(folder), "http://default");
  });

  it("is refused where a stack does not say where its images go", async () => {
    write("Pulumi.prod.yaml", "config: {aws:region: us-east-1}");
    await assert.rejects(readStackRegistry(folder, "prod"), {
      message: `${folder}/Pulumi.prod.yaml has neither runner-pulumi:registry nor runner-pulumi:alias. Set the one that images go to.`,
    });
    await assert.rejects(readStackRegistry(folder, "dev"), /Pulumi\.dev\.yaml cannot be read: ENOENT/);
  });
});
