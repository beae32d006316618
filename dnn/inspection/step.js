"use strict";
// A map is a matrix of the step: {tensor, part, rows, columns} with the numbers of each step. Relations between cells
// follow from the operations: {output, inputs, kind}.
const data = JSON.parse(document.getElementById("data").textContent);
const readout = document.getElementById("readout"), told = document.getElementById("cell");
const maps = new Map(data.maps.map(map => [map.id, map]));
const canvases = new Map();
let step = 0;

const find = (tensor, part) => data.maps.find(map => map.tensor === tensor && map.part === part);
const values = map => data.steps[step][map.id];
const at = (map, cell) => values(map)[cell[0] * map.columns.length + cell[1]];
const label = (map, cell) => `${map.title}[${map.rows[cell[0]]}, ${map.columns[cell[1]]}]`;
const shown = value => typeof value === "string" ? value : String(value);
const producer = tensor => data.operations.find(operation => operation.output === tensor);
const consumers = tensor => data.operations.filter(operation => operation.inputs.includes(tensor));

function scale(map) {
  let largest = 0;
  for (const value of values(map)) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest || 1;
}

function rgb(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map(start => parseInt(text.slice(start, start + 2), 16));
}

function draw(map, marked = [], colour = "--accent") {
  const canvas = canvases.get(map.id), context = canvas.getContext("2d");
  const [rows, columns] = [map.rows.length, map.columns.length];
  const size = Math.max(3, Math.min(22, Math.floor(640 / Math.max(columns, 8))));
  canvas.width = columns * size;
  canvas.height = rows * size;
  canvas.style.maxWidth = `${Math.max(canvas.width, 24)}px`;
  const largest = scale(map), ground = rgb("--background"), ends = { true: rgb("--map-negative"), false: rgb("--map-positive") };
  values(map).forEach((value, index) => {
    const share = Number.isFinite(value) ? Math.sqrt(Math.abs(value) / largest) : 1;
    const end = ends[value < 0];
    const mixed = ground.map((low, i) => Math.round(low + (end[i] - low) * share));
    context.fillStyle = Number.isFinite(value) ? `rgb(${mixed})` : "#888";
    context.fillRect((index % columns) * size, Math.floor(index / columns) * size, size, size);
  });
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue(colour);
  context.lineWidth = 2;
  for (const [row, column] of marked) context.strokeRect(column * size + 1, row * size + 1, size - 2, size - 2);
}

const range = count => [...Array(count).keys()];
const whole = map => range(map.rows.length).flatMap(row => range(map.columns.length).map(column => [row, column]));
const rowOf = (map, row) => map.rows.length === 1 ? whole(map) : range(map.columns.length).map(column => [row, column]);
const columnOf = (map, column) => range(map.rows.length).map(row => [row, Math.min(column, map.columns.length - 1)]);

// The cells of `map`, an input of the operation, that go into a cell of its result; and the other way round alike.
function related(operation, position, map, [row, column]) {
  if (operation.kind === "dense") return [rowOf(map, row), columnOf(map, column), columnOf(map, column)][position];
  if (operation.kind === "cell") return [[row, column]];
  if (operation.kind === "row") return position === 0 ? rowOf(map, row) : columnOf(map, column);
  if (operation.kind === "column") return columnOf(map, column);
  return whole(map);
}

// A list of [map, cells], and a function that adds cells of a map to it, if the page has that map.
function collection() {
  const found = [];
  const add = (tensor, part, cells) => {
    const other = find(tensor, part);
    if (other) found.push([other, typeof cells === "function" ? cells(other) : cells]);
  };
  return [found, add];
}

function origins(map, cell) {
  const [found, add] = collection();
  if (map.part === "value") {
    const operation = producer(map.tensor);
    if (operation) operation.inputs.forEach((name, i) => add(name, "value", other => related(operation, i, other, cell)));
  } else if (map.part === "gradient") {
    for (const operation of consumers(map.tensor)) {
      const position = operation.inputs.indexOf(map.tensor);
      add(operation.output, "gradient", other => related(operation, position, other, cell));
      if (operation.kind === "dense" && position === 0) add(operation.inputs[1], "value", other => rowOf(other, cell[1]));
      if (operation.kind === "dense" && position === 1) add(operation.inputs[0], "value", other => columnOf(other, cell[0]));
      if (operation.kind === "cell") add(map.tensor, "value", [cell]);
    }
  } else {
    for (const part of data.update_parts[map.part] || []) add(map.tensor, part, [cell]);
  }
  return found;
}

function goals(map, cell) {
  const [found, add] = collection();
  if (map.part === "value") {
    for (const operation of consumers(map.tensor)) {
      const position = operation.inputs.indexOf(map.tensor);
      add(operation.output, "value", other => related(operation, position, other, cell));
    }
  } else if (map.part === "gradient") {
    const operation = producer(map.tensor);
    if (operation) operation.inputs.forEach((name, i) => add(name, "gradient", other => related(operation, i, other, cell)));
    for (const [part, from] of Object.entries(data.update_parts)) if (from.includes("gradient")) add(map.tensor, part, [cell]);
  } else {
    for (const [part, from] of Object.entries(data.update_parts)) if (from.includes(map.part)) add(map.tensor, part, [cell]);
  }
  return found;
}

// The products that a sum is made of, for a value or a gradient of a dense layer.
function products(map, cell) {
  const operation = map.part === "value" ? producer(map.tensor) : consumers(map.tensor)[0];
  if (!operation || operation.kind !== "dense") return null;
  const position = operation.inputs.indexOf(map.tensor);
  const x = find(operation.inputs[0], "value"), kernel = find(operation.inputs[1], "value");
  const bias = find(operation.inputs[2], "value"), flow = find(operation.output, "gradient");
  if (map.part === "value") {
    const terms = range(x.columns.length).map(k => [[x, [cell[0], k]], [kernel, [k, cell[1]]]]);
    return { terms: [...terms, [[bias, [0, cell[1]]]]], all: data.sizes[x.tensor][1] + 1 };
  }
  if (!flow) return null;
  if (position === 0) return { terms: range(flow.columns.length).map(u => [[flow, [cell[0], u]], [kernel, [cell[1], u]]]), all: data.sizes[flow.tensor][1] };
  if (position === 1) return { terms: range(x.rows.length).map(r => [[x, [r, cell[0]]], [flow, [r, cell[1]]]]), all: data.sizes[x.tensor][0] };
  return { terms: range(flow.rows.length).map(r => [[flow, [r, cell[1]]]]), all: data.sizes[flow.tensor][0] };
}

function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function tell(map, cell) {
  readout.replaceChildren();
  told.textContent = `${label(map, cell)} = ${shown(at(map, cell))}`;
  if (map.part === "gradient") {
    const check = data.steps[step][`${map.id}:difference`];
    if (check) {
      const slope = check[cell[0] * map.columns.length + cell[1]];
      element("p", `finite difference of the loss: ${slope.toPrecision(9)}, apart by ${Math.abs(slope - at(map, cell)).toExponential(1)}`, readout).id = "check";
    }
  }
  if (map.id === "x:value" && data.origins.length) {
    element("p", `made of ${data.origins[step][cell[0] * map.columns.length + cell[1]]}`, readout).id = "origin";
  }
  const named = list => list.map(([other, cells]) => cells.length === 1 ? `${label(other, cells[0])} = ${shown(at(other, cells[0]))}` : `${cells.length} of ${other.title}`).join("; ");
  const from = origins(map, cell), to = goals(map, cell);
  if (from.length) element("p", `comes from ${named(from)}`, readout).id = "from";
  if (to.length) element("p", `goes into ${named(to)}`, readout).id = "to";
  const sum = products(map, cell);
  if (sum) {
    const terms = sum.terms.map(term => [term, term.reduce((product, [other, place]) => product * at(other, place), 1)]);
    terms.sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
    const more = terms.length > 8 ? `; the largest 8 of ${terms.length}` : "";
    const others = map.part === "gradient" ? consumers(map.tensor).length - 1 : 0;
    const rest = others ? `, besides what flows back through ${others} other operation${others > 1 ? "s" : ""}` : "";
    element("p", `the sum of ${sum.all} terms${rest}${sum.all > terms.length ? `, of which ${terms.length} are on this page` : ""}${more}:`, readout);
    const table = element("table", undefined, readout);
    const line = (text, product) => {
      const row = element("tr", undefined, table);
      element("td", text, row);
      element("td", `= ${product.toPrecision(6)}`, row);
    };
    for (const [term, product] of terms.slice(0, 8)) {
      line(term.map(([other, place]) => `${label(other, place)} ${shown(at(other, place))}`).join(" × "), product);
    }
    if (terms.length > 8) line(`the other ${terms.length - 8}`, terms.slice(8).reduce((sum, term) => sum + term[1], 0));
  }
  const marks = new Map();
  for (const [other, cells] of from) marks.set(other, [cells, "--accent"]);
  for (const [other, cells] of to) if (!marks.has(other)) marks.set(other, [cells, "--goal"]);
  marks.set(map, [[cell], "--text"]);
  for (const each of data.maps) draw(each, ...(marks.get(each) || []));
}

function place(canvas, map, event) {
  const box = canvas.getBoundingClientRect();
  const part = (offset, length, count) => Math.max(0, Math.min(count - 1, Math.floor(offset / length * count)));
  return [part(event.clientY - box.top, box.height, map.rows.length), part(event.clientX - box.left, box.width, map.columns.length)];
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
let current = null;
for (const canvas of document.querySelectorAll("canvas[data-map]")) {
  const map = maps.get(canvas.dataset.map);
  canvases.set(map.id, canvas);
  const look = cell => { current = [map, cell]; tell(map, cell); };
  canvas.addEventListener("pointermove", event => look(place(canvas, map, event)));
  canvas.addEventListener("click", event => { canvas.focus(); look(place(canvas, map, event)); });
  canvas.addEventListener("focus", () => look(current && current[0] === map ? current[1] : [0, 0]));
  canvas.addEventListener("keydown", event => {
    if (event.key === "Escape") { readout.replaceChildren(); told.textContent = "Point at a square."; }
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const cell = current && current[0] === map ? current[1] : [0, 0];
    const limits = [map.rows.length, map.columns.length];
    look(cell.map((index, axis) => Math.max(0, Math.min(limits[axis] - 1, index + move[axis]))));
  });
}

function redraw() {
  for (const map of data.maps) draw(map);
  if (current) tell(...current);
}

for (const button of document.querySelectorAll(".steps button")) {
  button.addEventListener("click", () => {
    step = Number(button.dataset.step);
    for (const other of document.querySelectorAll(".steps button")) other.setAttribute("aria-pressed", other === button);
    for (const part of document.querySelectorAll("[data-of-step]")) part.hidden = Number(part.dataset.ofStep) !== step;
    redraw();
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

// Paper is white: the maps are drawn anew in light colours, since a picture does not follow the style as texts do.
function onPaper(printing) {
  document.documentElement.classList.toggle("paper", printing);
  redraw();
}
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
redraw();
