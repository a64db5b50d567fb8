import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { catalogue } from "../../../images/catalogue";
import { argument, readDockerfile, sourceDateEpoch, stages } from "../../../images/dockerfile";

const folder = join(__dirname, "..", "..", "dockerfiles");

describe("catalogue and Dockerfiles", () => {
  it("have the same languages", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".Dockerfile") && name !== "base.Dockerfile");
    assert.deepEqual(
      files.map((name) => name.replace(".Dockerfile", "")).sort(),
      catalogue.map(({ name }) => name).sort(),
    );
  });

  it("names each language once", () => {
    assert.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length);
  });

  for (const { name, title, description } of catalogue) {
    describe(name, () => {
      const dockerfile = readDockerfile(name);

      it("has the stages that are built", () => {
        const names = [...stages(dockerfile).keys()];
        assert.ok(names.includes("runner") && names.includes("smoke"), names.join(", "));
        assert.equal(stages(dockerfile).get("smoke"), "runner");
      });

      it("is held against what every image promises, and runs a program", () => {
        const [, smoke = ""] = dockerfile.split(/^FROM runner AS smoke$/m);
        assert.match(smoke, /^RUN .*\/run\/smoke\/contract$/m);
        // The contract runs a program of Pulumi YAML.
        if (name !== "yaml") assert.match(smoke, /\/run\/smoke\/up "hello from /);
      });

      it("pins every official image by tag and digest", () => {
        const names = [...stages(dockerfile).keys(), "scratch"];
        const official = [...stages(dockerfile).values()].filter((image) => !names.includes(image));
        const digests = new Map<string, string>();
        for (const image of official.filter((from) => !from.startsWith("pulumi-${"))) {
          const [repository = ""] = image.split(":");
          assert.equal(image, digests.get(repository) ?? image, "one image by two digests");
          digests.set(repository, image);
          assert.match(
            image,
            /^[\w./-]+:\d[\w.-]+@sha256:[0-9a-f]{64}$|^debian:trixie-\d{8}-slim@sha256:[0-9a-f]{64}$/,
          );
        }
      });

      it("declares the epoch in every published stage that runs something", () => {
        const [, ...texts] = dockerfile.split(/^(?=FROM )/m);
        // Stages after `runner` can be in no published image.
        const runner = texts.findIndex((text) => / AS runner$/m.test(text));
        for (const text of texts.slice(0, runner + 1).filter((each) => /^RUN /m.test(each))) {
          assert.match(text, /^ARG SOURCE_DATE_EPOCH$/m, text.split("\n")[0]);
        }
      });

      it("link-copies nothing to where it would replace a link or a mount", () => {
        // A link copy to /bin/foo removes the /bin link. Trees that are copied to / are looked into by the integration tests.
        for (const [copy, target = ""] of dockerfile.matchAll(/^COPY --link .* (\S+)$/gm)) {
          assert.doesNotMatch(target, /^\/(bin|lib|lib64|sbin|home|root|mnt)\b/, copy);
        }
      });

      it("ends as the runner's user", () => {
        const runner = / AS runner\n([\s\S]*?)^FROM /m.exec(dockerfile)?.[1] ?? "";
        assert.match(runner, /^USER spacelift\n*$/m);
      });

      it("has a title and a description for its labels", () => {
        assert.match(title, /^\S.{5,80}$/);
        assert.match(description, /^\S.{10,200}\.$/);
      });
    });
  }

  it("pins one time for all packages and files: the date of the Debian image", () => {
    const dockerfile = readDockerfile("python");
    const [, date = ""] = /trixie-(\d{8})-slim/.exec(stages(dockerfile).get("debian") ?? "") ?? [];
    assert.equal(argument(dockerfile, "DEBIAN_SNAPSHOT"), `${date}T000000Z`);
    const epoch = new Date(sourceDateEpoch(dockerfile) * 1000).toISOString();
    assert.equal(epoch, `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00.000Z`);
  });

  it("tells what is missing from a Dockerfile", () => {
    assert.throws(() => argument("FROM scratch", "SOURCE_DATE_EPOCH"), {
      message: `The Dockerfile has no line "ARG SOURCE_DATE_EPOCH=…". Add it before the first FROM.`,
    });
    assert.throws(() => sourceDateEpoch("ARG DEBIAN_SNAPSHOT=20261305T000000"), {
      message: 'DEBIAN_SNAPSHOT "20261305T000000" is not the time of a snapshot. Give YYYYMMDDTHHMMSSZ.',
    });
  });
});
