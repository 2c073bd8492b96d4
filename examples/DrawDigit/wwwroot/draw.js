'use strict';

const get = id => document.getElementById(id);
const drawing = get('drawing');
const pen = drawing.getContext('2d');
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Strokes as lists of points, from 0 to 1 in both directions. */
let strokes = [];
let current = null;

/** How thick the pen is, as a part of the drawing's side. */
const thickness = 0.15;

function paint(context, side, colour) {
  context.clearRect(0, 0, side, side);
  context.lineWidth = side * thickness;
  context.lineCap = context.lineJoin = 'round';
  context.strokeStyle = colour;
  for (const stroke of strokes) {
    context.beginPath();
    for (const [x, y] of stroke) context.lineTo(x * side, y * side);
    // A point alone is a dot.
    if (stroke.length === 1) context.lineTo(stroke[0][0] * side + 0.01, stroke[0][1] * side);
    context.stroke();
  }
}

function redraw() {
  paint(pen, drawing.width, getComputedStyle(document.body).color);
  get('hint').hidden = strokes.length > 0;
}

function point(event) {
  const box = drawing.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

drawing.addEventListener('pointerdown', event => {
  if (!event.isPrimary || event.button !== 0) return;
  drawing.setPointerCapture(event.pointerId);
  current = [point(event)];
  strokes.push(current);
  redraw();
});

drawing.addEventListener('pointermove', event => {
  if (!current || !event.isPrimary) return;
  const passed = event.getCoalescedEvents?.() ?? [];
  for (const e of passed.length ? passed : [event]) current.push(point(e));
  redraw();
});

for (const end of ['pointerup', 'pointercancel']) {
  drawing.addEventListener(end, event => {
    if (!current || !event.isPrimary) return;
    current = null;
    ask();
  });
}

/** The drawing as the service takes it: a byte a pixel, 255 for ink. */
function ink(side) {
  const small = new OffscreenCanvas(side, side).getContext('2d');
  paint(small, side, 'black');
  const pixels = small.getImageData(0, 0, side, side).data;
  return Uint8Array.from({ length: side * side }, (_, i) => pixels[4 * i + 3]);
}

let model = null;
let asked = 0;

async function ask() {
  const number = ++asked;
  try {
    const response = await fetch('predict', { method: 'POST', body: ink(model.side) });
    const answer = await response.json();
    // An answer to an older drawing comes too late.
    if (number !== asked) return;
    if (response.ok) show(answer);
    else say('?', answer.detail);
  } catch {
    if (number === asked) say('?', 'The service does not answer.');
  }
}

function say(label, text) {
  get('label').value = label;
  get('sure').textContent = text;
}

function percent(p) {
  return (100 * p).toFixed(p >= 0.0995 ? 0 : 1) + ' %';
}

function show({ label, scores, seen, width }) {
  const best = scores.find(s => s.name === label).probability;
  say(label, best > 0.9 ? 'quite sure' : best > 0.6 ? 'rather sure' : 'not sure');
  scores.forEach((score, i) => {
    const row = get('scores').children[i];
    row.classList.toggle('best', score.name === label);
    row.querySelector('.bar span').style.width = 100 * score.probability + '%';
    row.querySelector('.percent').textContent = percent(score.probability);
  });
  const image = new ImageData(width, seen.length / width);
  seen.forEach((value, i) => image.data.set([0, 0, 0].fill(255 - Math.round(255 * value)).concat(255), 4 * i));
  Object.assign(get('seen'), { width: image.width, height: image.height });
  get('seen').getContext('2d').putImageData(image, 0, 0);
}

function clear() {
  asked++;
  strokes = [];
  redraw();
  say('?', 'Nothing is drawn yet.');
  for (const row of get('scores').children) {
    row.classList.remove('best');
    row.querySelector('.bar span').style.width = '0';
    row.querySelector('.percent').textContent = '';
  }
  get('seen').getContext('2d').clearRect(0, 0, get('seen').width, get('seen').height);
}

function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

async function start() {
  model = await (await fetch('model')).json();
  for (const name of model.classes) {
    get('scores').append(element('li', '',
      element('span', '', name),
      element('span', 'bar', element('span', '')),
      element('span', 'percent')));
  }
  get('clear').addEventListener('click', clear);
  dark.addEventListener('change', redraw);
  redraw();
}

start().catch(() => say('?', 'The service does not answer.'));
