"use strict";
// A map is a matrix of the step: {tensor, part, rows, columns} with the numbers of each step. Relations between cells
// follow from the operations: {output, inputs, kind}.
const data = JSON.parse(document.getElementById("data").textContent);
const maps = new Map(data.maps.map(map => [map.id, map]));
const canvases = new Map();
let step = 0;

const find = (tensor, part) => data.maps.find(map => map.tensor === tensor && map.part === part);
const values = map => data.steps[step][map.id];
const at = (map, cell) => values(map)[cell[0] * map.columns.length + cell[1]];
// A name without an index: of one row, of one column, or of one number.
function label(map, cell) {
  const indices = [map.rows[cell[0]], map.columns[cell[1]]].filter(index => index !== "");
  return indices.length ? `${map.title}[${indices.join(", ")}]` : map.title;
}
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
