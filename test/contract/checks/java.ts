// The ways in which projects for Java are built and run. Gradle's wrapper is not among them: it is a binary file of the
// project, and Gradle itself is in no package registry.
import type { Check } from "../check";
import { deploys, trustsCompany } from "./programs";

/** Prints what a URL answers. */
const get = `public class Get {
  public static void main(String[] args) throws Exception {
    try (var answer = java.net.URI.create(args[0]).toURL().openStream()) {
      System.out.println(new String(answer.readAllBytes()));
    }
  }
}`;

/** The checks of an image for Java. */
export const checks: readonly Check[] = [
  deploys("A Maven project, its repository in the workspace: later phases need no network. Files are called ż", {
    folder: "java/maven",
    // Compiling downloads most of it, and Pulumi's host the rest, when it looks for plugins.
    install:
      "mvn --quiet --batch-mode compile exec:java -DmainClass=com.pulumi.bootstrap.internal.Main -DmainArgs=packages",
    env: { MAVEN_ARGS: "-Dmaven.repo.local=/mnt/workspace/.m2" },
    answer: "6 letters: zażółć",
  }),
  ...trustsCompany("Java trusts", { request: (url) => `echo '${get}' >Get.java && java Get.java ${url}` }),
];
