import * as echarts from "echarts";

import { type Figure, sum } from "./figures";
import type { Measurement, Report } from "./report";

/** Draws the compressed size of each image as a bar of its layers, by kind, as SVG. */
export function drawSizes(report: Report): string {
  const all = (report["layers"]?.figures ?? []).filter(({ layer }) => layer !== undefined);
  const languages = [...new Set(all.map(({ language }) => language ?? ""))];
  const layers = [...new Set(all.map(({ layer }) => layer ?? ""))];
  const sizeOf = (name: string, layer: string) =>
    sum(all.filter((figure) => figure.language === name && figure.layer === layer).map(({ measured }) => measured));
  return draw(40 + 40 * languages.length, {
    title: { text: "Compressed size of each image in MB, by layer", subtext: describeRun(report["layers"]) },
    xAxis: { type: "value" },
    yAxis: { type: "category", data: languages, inverse: true },
    series: layers.map((name) => ({
      ...{ name, type: "bar", stack: "image" },
      data: languages.map((language) => sizeOf(language, name)),
    })),
    legend: { bottom: 0 },
  });
}

/** Draws the ratio of each figure that has a goal, and the goal, as SVG. */
export function drawRatios(report: Report): string {
  const figures = Object.values(report).flatMap((measurement) => measurement.figures);
  const judged = figures.filter(({ goal, limit }) => goal !== undefined && limit !== undefined);
  const names = judged.map(({ name, limit }) => `${name}, against ${limit?.of}`);
  const ratio = ({ measured, limit }: Figure) => Number((measured / (limit?.value ?? measured)).toFixed(2));
  return draw(80 + 40 * names.length, {
    title: { text: "Measured, as a multiple of what it is compared with", subtext: describeRun(report["updates"]) },
    xAxis: { type: "value" },
    yAxis: { type: "category", data: names, inverse: true, axisLabel: { width: 360, overflow: "break" } },
    series: [
      {
        name: "measured",
        type: "bar",
        data: judged.map(ratio),
        label: { show: true, position: "right", color: "#333", textBorderWidth: 0 },
      },
      {
        name: "goal",
        type: "scatter",
        symbol: "rect",
        symbolSize: [3, 26],
        data: judged.map(({ goal }) => goal ?? null),
      },
    ],
    legend: { bottom: 0 },
  });
}

const describeRun = (run?: Measurement) => (run === undefined ? "" : `${run.date}, ${run.machine}`);

function draw(height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 900, height: height + 80 });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    grid: { containLabel: true, top: 70, bottom: 70 },
    ...option,
  });
  const picture = chart.renderToSVGString();
  chart.dispose();
  return picture;
}
