"use strict";

const pulumi = require("@pulumi/pulumi");

const shelves = pulumi.output({ top: ["apples"], bottom: ["pears", "plums"] });

exports.answer = shelves.apply(({ top, bottom }) => `${top.length + bottom.length} kinds of fruit`);
