// The panel: what is known of a square, which pointing, the arrow keys and links choose, and a click or Enter pins.
const readout = document.getElementById("readout"), told = document.getElementById("cell");
const said = document.getElementById("said"), pin = document.getElementById("pin");
let current = null, pinned = false;

function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function jump(map, cell) {
  pinned = true;
  const canvas = canvases.get(map.id);
  canvas.focus({ preventScroll: true });
  canvas.scrollIntoView({ block: "center" });
  look(map, cell);
}

// A link to a cell of a map, or to a whole one, with its number.
function link(map, cells, parent) {
  const one = cells.length === 1;
  const made = element("a", one ? label(map, cells[0]) : map.title, parent);
  made.href = `#map-${map.id}`;
  made.addEventListener("click", event => { event.preventDefault(); jump(map, cells[0]); });
}

// A paragraph of texts and of [map, cells], which become links.
function line(id, ...parts) {
  const made = element("p", undefined, readout);
  made.id = id;
  for (const part of parts) {
    if (typeof part === "string") made.append(part);
    else link(...part, made);
  }
}

const index = (map, cell) => cell[0] * map.columns.length + cell[1];
const operand = value => typeof value === "number" && value < 0 ? `(${value})` : shown(value);
const short = value => Number.isFinite(value) ? Number(value.toPrecision(8)) : value;

// The products that a sum is made of, for a value or a gradient of a dense layer.
function products(map, cell) {
  if (map.part !== "value" && map.part !== "gradient") return null;
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

function tellList(id, words, list) {
  if (!list.length) return;
  const parts = list.flatMap(([other, cells], i) => {
    const before = `${i ? "; " : `${words} `}${cells.length === 1 ? "" : `${cells.length} of `}`;
    return [before, [other, cells], cells.length === 1 ? ` = ${shown(at(other, cells[0]))}` : ""];
  });
  line(id, ...parts);
}

// A rule of the optimizer with this cell's numbers; a slot that was 0 everywhere has no map.
function filled(rule, map, cell) {
  return rule.replace(/\{([^}]+)\}/g, (_, part) => {
    const other = find(map.tensor, part);
    return other ? operand(at(other, cell)) : "0";
  });
}

const SIGNS = { v_hat: "v̂" };

function tellUpdate(map, cell) {
  const [numbers, rules] = [data.steps[step], data.rules[step]], rule = rules[map.part];
  if (rule && map.part !== "step") {
    const [formula, values] = rule, name = SIGNS[map.part] || map.part;
    const ending = values ? ` = ${filled(values, map, cell)} = ${shown(at(map, cell))}` : ", with g as it was clipped";
    line("rule", `${name} = ${formula}${ending}`);
  }
  if (map.part !== "change" && map.part !== "new") return;
  const [before, after] = [find(map.tensor, "value"), find(map.tensor, "new")];
  const [steps, decays] = [numbers[`${map.tensor}:step`], numbers[`${map.tensor}:decay`]];
  if (steps && before) {
    const taken = short(steps[index(map, cell)]), decay = decays ? short(decays[index(map, cell)]) : 0;
    const [formula, values] = rules.step;
    line("step", `the step: ${formula} = ${filled(values, map, cell)} = ${taken}`);
    if (decays) line("decay", `weight decay: λ · η · w = ${decay}`);
    const minus = decays ? ` − ${operand(decay)}` : "";
    line("rule", `new = w${decays ? " − decay" : ""} − step = ${operand(at(before, cell))}${minus} − ${operand(taken)}, rounded to `
      + `float32: ${shown(at(after, cell))}`);
  }
  if (map.part === "change" && before) {
    line("rounded", `change = new − w = ${operand(at(after, cell))} − ${operand(at(before, cell))}, the difference of two `
      + "rounded weights: it has fewer digits than the step");
  }
}

// What the loss and a relu make of this cell, where their formulas are that simple.
function tellLoss(map, cell) {
  const truth = data.steps[step].truth, logits = find(data.logits, "value");
  const p = find("probabilities", "value");
  if (!truth || !p) return;
  if (map.tensor === data.logits && map.part === "gradient") {
    const t = truth[index(map, cell)], n = data.counts[step];
    const product = (at(p, cell) - t) / n;
    line("loss", "(p − t) · 1/n = (", [p, [cell]], ` ${shown(at(p, cell))} − ${t}) · 1/${n} = ${short(product)}; t is 1 for the row's class`);
  }
  if (map.tensor === "losses" && map.part === "value") {
    const place = range(logits.columns.length).map(column => [cell[0], column]).find(each => truth[index(logits, each)] === 1);
    if (place) line("loss", `the row's class is ${logits.columns[place[1]]}: −ln `, [p, [place]], ` = −ln ${shown(at(p, place))} = ${short(-Math.log(at(p, place)))}`);
  }
}

function tellRelu(map, cell) {
  if (map.part !== "gradient") return;
  const relu = consumers(map.tensor).find(operation => operation.function === "relu");
  const sums = find(map.tensor, "value");
  if (!relu || !sums) return;
  const open = at(sums, cell) > 0;
  line("relu", open ? "passed: " : "blocked: ", [sums, [cell]], ` = ${shown(at(sums, cell))} is ${open ? "" : "not "}above 0, so relu's slope is ${open ? 1 : 0}`);
}

function tellCheck(map, cell) {
  const check = data.steps[step][`${map.id}:difference`];
  if (map.part !== "gradient" || !check) return;
  const slope = check[index(map, cell)];
  line("check", `finite difference of the loss: ${slope.toPrecision(9)}, apart by ${Math.abs(slope - at(map, cell)).toExponential(1)}`);
}

function tellProducts(map, cell) {
  const sum = products(map, cell);
  if (!sum) return;
  const terms = sum.terms.map(term => [term, term.reduce((product, [other, place]) => product * at(other, place), 1)]);
  terms.sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
  const more = terms.length > 8 ? `; the largest 8 of ${terms.length}` : "";
  const others = map.part === "gradient" ? consumers(map.tensor).length - 1 : 0;
  const rest = others ? `, besides what flows back through ${others} other operation${others > 1 ? "s" : ""}` : "";
  line("sum", `the sum of ${sum.all} terms${rest}${sum.all > terms.length ? `, of which ${terms.length} are on this page` : ""}${more}:`);
  const table = element("table", undefined, readout);
  const row = product => {
    const made = element("tr", undefined, table), first = element("td", undefined, made);
    element("td", `= ${product.toPrecision(6)}`, made);
    return first;
  };
  for (const [term, product] of terms.slice(0, 8)) {
    const cell = row(product);
    term.forEach(([other, place], i) => {
      if (i) cell.append(" × ");
      link(other, [place], cell);
      cell.append(` ${shown(at(other, place))}`);
    });
  }
  if (terms.length > 8) row(terms.slice(8).reduce((sum, term) => sum + term[1], 0)).append(`the other ${terms.length - 8}`);
}

function tell(map, cell) {
  readout.replaceChildren();
  told.textContent = `${label(map, cell)} = ${shown(at(map, cell))}`;
  said.textContent = `${pinned ? "pinned: " : ""}${told.textContent}`;
  pin.hidden = !pinned;
  tellCheck(map, cell);
  if (map.id === "x:value" && data.origins.length) line("origin", `made of ${data.origins[step][index(map, cell)]}`);
  tellUpdate(map, cell);
  tellLoss(map, cell);
  tellRelu(map, cell);
  const from = origins(map, cell), to = goals(map, cell);
  tellList("from", "comes from", from);
  tellList("to", "goes into", to);
  tellProducts(map, cell);
  const marks = new Map();
  for (const [other, cells] of from) marks.set(other, [cells, "--accent"]);
  for (const [other, cells] of to) if (!marks.has(other)) marks.set(other, [cells, "--goal"]);
  marks.set(map, [[cell], "--text"]);
  for (const each of data.maps) draw(each, ...(marks.get(each) || []));
}

function look(map, cell) {
  current = [map, cell];
  tell(map, cell);
}

function setPin(on) {
  pinned = on;
  if (current) tell(...current);
}

function clear() {
  current = null;
  readout.replaceChildren();
  told.textContent = "Point at a square.";
  said.textContent = "";
}

function place(canvas, map, event) {
  const box = canvas.getBoundingClientRect();
  const part = (offset, length, count) => Math.max(0, Math.min(count - 1, Math.floor(offset / length * count)));
  return [part(event.clientY - box.top, box.height, map.rows.length), part(event.clientX - box.left, box.width, map.columns.length)];
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -Infinity], End: [0, Infinity] };
const cellOf = map => current && current[0] === map ? current[1] : [0, 0];

function moved(map, key, all) {
  const limits = [map.rows.length, map.columns.length];
  const move = all && (key === "Home" || key === "End") ? [MOVES[key][1], MOVES[key][1]] : MOVES[key];
  return cellOf(map).map((start, axis) => Math.max(0, Math.min(limits[axis] - 1, start + move[axis])));
}

for (const canvas of document.querySelectorAll("canvas[data-map]")) {
  const map = maps.get(canvas.dataset.map);
  canvases.set(map.id, canvas);
  canvas.addEventListener("pointermove", event => { if (!pinned) look(map, place(canvas, map, event)); });
  canvas.addEventListener("click", event => {
    const cell = place(canvas, map, event);
    const same = current && current[0] === map && String(current[1]) === String(cell);
    pinned = !(pinned && same);
    canvas.focus({ preventScroll: true });
    look(map, cell);
  });
  canvas.addEventListener("focus", () => { if (!pinned) look(map, cellOf(map)); });
  canvas.addEventListener("keydown", event => {
    if (event.key === "Enter") {
      if (pinned && current[0] !== map) look(map, [0, 0]);
      else setPin(!pinned);
    } else if (MOVES[event.key]) look(map, moved(map, event.key, event.ctrlKey));
    else return;
    event.preventDefault();
  });
}

document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  if (pinned) setPin(false);
  else clear();
});

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
