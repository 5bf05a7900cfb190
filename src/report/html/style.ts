/*
 * How the page looks: ink on paper, one accent, figures in columns.
 *
 * Colours are named by what they say, once for light and once for dark; the theme button sets data-theme, which beats what the
 * system prefers.  Grades and bars differ in form as well as in colour.  What is wide scrolls in its own box, so a
 * phone never scrolls sideways, and the table at the top is a card a row there; paper gets everything, opened, in black.
 */

const LIGHT = `
--paper: #fbfaf7; --sheet: #ffffff; --ink: #1d1f21; --pale: #5c6167; --rule: #dedbd3; --faint: #f1efe9;
--accent: #1f5c99; --bad: #a8261b; --bad-sheet: #fbeae7; --good: #256a3a; --odd: #7d5600;
--hold: #b9cfe4; --hold-ink: #14324f; --wait: #e9a79d; --wait-ink: #53100a; --mark: #fdf1c4;
color-scheme: light;`;

const DARK = `
--paper: #16181a; --sheet: #1c1f22; --ink: #e4e2dd; --pale: #a2a7ad; --rule: #34383d; --faint: #22262a;
--accent: #86b8ea; --bad: #f2958a; --bad-sheet: #3a211e; --good: #8bcb9c; --odd: #dbb65c;
--hold: #2f5272; --hold-ink: #dcebf9; --wait: #7c3229; --wait-ink: #ffe3de; --mark: #4a4120;
color-scheme: dark;`;

export const STYLE = `
:root { ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
:root[data-theme=light] { ${LIGHT} }
:root[data-theme=dark] { ${DARK} }

* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 0 1.5rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
code, pre, .place, .locals, .picture { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px; }
h1, h2, h3, h4 { line-height: 1.25; font-weight: 650; margin: 0; text-wrap: balance; }
h1 { font-size: 1.75rem; letter-spacing: -.015em; margin: .15rem 0 .6rem; }
h2 { font-size: 1.25rem; letter-spacing: -.01em; }
h2 span:not(.grade) { font-weight: 400; }
h3 { font-size: 1.05rem; }
h4 { font-size: .8rem; letter-spacing: .02em; color: var(--pale); margin: 1.5rem 0 .5rem; }
p { margin: .4rem 0; max-width: 70ch; }
small { font-size: .857rem; color: var(--pale); font-weight: 400; }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; top: .5rem; padding: .3rem .7rem; background: var(--sheet); }
.skip:focus { left: 1rem; z-index: 1; }
.note, .legend { color: var(--pale); font-size: .857rem; }
.legend { max-width: none; }

header { position: relative; padding: 1.75rem 0 1rem; }
header .mark { font-weight: 650; letter-spacing: -.01em; }
header .lead { font-size: 1.07rem; margin: 0 0 .6rem; max-width: 90ch; }
header .facts { color: var(--pale); margin: 0; max-width: none; }
header .facts span:not(:last-child)::after { content: " · "; }
button { font: inherit; font-size: .786rem; color: var(--ink); background: var(--sheet); border: 1px solid var(--rule); border-radius: 4px; padding: .2rem .6rem; cursor: pointer; }
button:hover { border-color: var(--pale); }
.theme { position: absolute; right: 0; top: 1.75rem; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--rule); color: var(--pale); font-size: .857rem; }

table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: baseline; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--rule); font-weight: 400; }
thead th { color: var(--pale); font-size: .786rem; white-space: nowrap; vertical-align: bottom; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; width: 1%; }
tbody th[scope=row] { font-weight: 550; }
tbody th.n { font-weight: 400; color: var(--pale); }
.scroll { overflow-x: auto; }
.scroll > table { min-width: 100%; overflow-wrap: normal; }
td.text { min-width: 16rem; overflow-wrap: anywhere; }
.verdicts th, .verdicts td { white-space: nowrap; }
.verdicts td.text { white-space: normal; min-width: 11rem; }
bdi { unicode-bidi: isolate; }

.grade { font-size: .786rem; font-weight: 550; padding: .08rem .45rem; border: 1px solid currentColor; border-radius: 9px; white-space: nowrap; color: var(--pale); vertical-align: .1em; letter-spacing: 0; }
.grade.expected { color: var(--good); }
.grade.interesting { color: var(--odd); border-style: dashed; }
.grade.forbidden { color: var(--bad); background: var(--bad-sheet); }

.campaign { margin-top: 3rem; padding-top: 1.1rem; border-top: 2px solid var(--ink); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .9rem 1.5rem; margin: 1rem 0; }
.figures dt { color: var(--pale); font-size: .786rem; }
.figures dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
.figures small { display: block; font-size: .857rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 3rem; }
figure { margin: .75rem 0; min-width: 0; }
figcaption { color: var(--pale); font-size: .857rem; margin-bottom: .4rem; }
.outcomes table { width: 100%; }
.charts + section { margin-top: 1.5rem; }
.campaign h3 + .scroll { margin-top: .3rem; }
td.wide { width: 40%; }
.bar { vertical-align: middle; margin-right: .6rem; }
.wide .bar { width: 100%; margin: 0; }
.bar rect { fill: var(--hold); }
.plot { display: grid; grid-template-columns: auto 1fr; gap: .2rem .6rem; }
.plot .y { display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: 11px; color: var(--pale); line-height: 1; }
.plot svg { width: 100%; height: 12rem; overflow: visible; }
.plot svg.x { grid-column: 2; height: 16px; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--pale); }
.grid { stroke: var(--rule); fill: none; vector-effect: non-scaling-stroke; }
.series { fill: none; stroke-width: 1.75; vector-effect: non-scaling-stroke; }
.dots { fill: none; stroke-width: 5; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.s0, .s4 { stroke: var(--accent); }
.s1, .s5 { stroke: var(--bad); }
.s2, .s6 { stroke: var(--good); }
.s3, .s7 { stroke: var(--odd); }
.series.s1, .series.s5 { stroke-dasharray: 7 3; }
.series.s2, .series.s6 { stroke-dasharray: 2 3; }
.series.s3, .series.s7 { stroke-dasharray: 9 3 2 3; }
.series.s4, .series.s5, .series.s6, .series.s7 { stroke-width: 3; opacity: .75; }
.params { white-space: nowrap; }
.lines { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .5rem 0 0; padding: 0; font-size: .857rem; color: var(--pale); }
.lines svg, .spark { vertical-align: middle; }
.curve .line { fill: none; stroke: var(--accent); stroke-width: 1.75; vector-effect: non-scaling-stroke; }
.curve .band { fill: var(--accent); opacity: .14; }

.failure { margin-top: 1.75rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
.failure .verdict { color: var(--bad); }
.message { font-size: 1rem; white-space: pre-line; max-height: 20rem; overflow: auto; }
.because { margin: .3rem 0; padding-left: 1.1rem; color: var(--pale); max-width: 70ch; }
pre { margin: 0; overflow-x: auto; overflow-wrap: normal; line-height: 1.45; }
.picture { padding: .5rem 0; }
details > summary { cursor: pointer; width: fit-content; max-width: 100%; }
details > summary::marker { color: var(--pale); }
.failure section > details > summary, .curve summary { color: var(--pale); font-size: .857rem; padding: .15rem 0; }
.copyable { position: relative; display: flex; gap: .75rem; align-items: flex-start; margin: .4rem 0; }
.copyable pre { flex: 1; min-width: 0; padding: .45rem .7rem; background: var(--faint); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow-y: auto; }
.copyable button { flex: none; margin-top: .2rem; min-width: 4.2rem; }

.waits { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: flex-start; }
.waits .picture { flex: 0 1 auto; max-width: 100%; color: var(--pale); }
.graph { overflow-x: auto; margin-bottom: .4rem; max-width: 100%; }
.graph svg { display: block; max-height: none; }
.graph .node polygon, .graph .node path, .graph .node ellipse { fill: var(--sheet); stroke: var(--pale); }
.graph .lock.node ellipse { fill: var(--faint); }
.graph text { fill: var(--ink); font: 9.5px Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
.graph .edge text { fill: var(--pale); font-size: 8px; }
.graph .edge path { stroke: var(--pale); }
.graph .edge polygon { fill: var(--pale); stroke: var(--pale); }
.graph .hot.node path, .graph .hot.node polygon, .graph .hot.node ellipse { stroke: var(--bad); stroke-width: 1.5; fill: var(--bad-sheet); }
.graph .hot.edge path { stroke: var(--bad); stroke-width: 1.5; }
.graph .hot.edge polygon { fill: var(--bad); stroke: var(--bad); }
.graph .hot.edge text { fill: var(--bad); }

.lane { display: grid; grid-template-columns: 12rem 1fr; gap: 0 .75rem; border-top: 1px solid var(--rule); }
.lane.axis { border: 0; }
.lane svg { width: 100%; overflow: hidden; display: block; }
.lane .who { padding: .1rem 0; line-height: 1.35; }
.lane .who small { display: block; font-size: 11px; }
.lane.cycle .who { font-weight: 600; }
.lane text.beside { fill: var(--ink); }
.lane rect.hold { fill: var(--hold); }
.lane rect.wait { fill: var(--wait); }
.lane rect.open { stroke: none; }
.lane text.hold { fill: var(--hold-ink); }
.lane text.wait { fill: var(--wait-ink); }
.lane .moment { stroke: var(--pale); stroke-dasharray: 1 3; }
.key { display: inline-block; width: 1.4rem; height: .7rem; border-radius: 2px; vertical-align: -.05rem; margin-left: .8rem; }
.key:first-child { margin-left: 0; }
.key.hold { background: var(--hold); }
.key.wait { background: var(--wait); }
.key.moment { width: 0; border-left: 1px dashed var(--pale); border-radius: 0; }

.schedule { width: auto; }
.scroll > .schedule { min-width: 0; }
.schedule td { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px; white-space: nowrap; }
.schedule th, .schedule td { padding-top: .12rem; padding-bottom: .12rem; border-bottom-color: transparent; }
.schedule thead th { border-bottom-color: var(--rule); }
.schedule .ending td { color: var(--bad); white-space: normal; min-width: 12rem; }
.locks td { min-width: 3rem; }

.failure section > details.thread { border-top: 1px solid var(--rule); }
.failure section > details.thread > summary { color: var(--ink); font-size: inherit; width: auto; padding: .3rem 0; }
.thread b { font-weight: 600; }
.thread .does { color: var(--pale); }
.thread.cycle summary small { color: var(--bad); }
.args { color: var(--pale); margin: 0 0 .3rem 1.1rem; font-size: .857rem; }
.stack { list-style: none; margin: 0 0 .75rem 1.1rem; padding: 0; }
.stack li { padding: .08rem 0; }
.stack .own > code:first-child { font-weight: 650; }
.place { color: var(--pale); margin-left: .5rem; }
.stack .line { display: block; color: var(--pale); padding-left: 1.5rem; overflow-wrap: anywhere; }
.stack .ours > code, .stack .ours > .place { color: var(--pale); }
.stack .ours .line { display: none; }
.stack summary { color: var(--pale); font-size: .857rem; }
.stack details ol { list-style: none; margin: 0; padding-left: 1.1rem; }
.source { background: var(--faint); border-radius: 4px; padding: .45rem 0; margin: .25rem 0 .25rem 1.5rem; padding-left: .7rem; color: var(--pale); }
.source mark { background: var(--mark); color: var(--ink); }
.locals { margin: .25rem 0 .5rem 1.5rem; color: var(--pale); max-width: none; }
.locals span { margin-right: 1rem; }
.locals var { font-style: normal; color: var(--ink); }

@media (max-width: 44rem) {
  body { padding: 0 1rem 3rem; }
  h1 { font-size: 1.45rem; padding-right: 0; }
  header { padding-top: 1.1rem; }
  .theme { top: 1rem; }
  .lane { grid-template-columns: 1fr; padding-bottom: .25rem; }
  .lane .who small { display: inline; }
  .lane.axis .who { display: none; }
  .figures { grid-template-columns: 1fr 1fr; gap: .8rem 1rem; }
  .copyable { flex-direction: column; gap: .25rem; }
  .copyable pre { width: 100%; }
  .place { display: block; margin-left: 1.5rem; }
  .stack, .args { margin-left: 0; }
  .source, .locals { margin-left: 0; }
  td.text { min-width: 0; }
  .params { white-space: normal; min-width: 6rem; }
  td.wide { width: 25%; }
  .outcomes th[scope=row] { min-width: 8rem; }
}
@media screen and (max-width: 44rem) {
  .verdicts, .verdicts tbody { display: block; }
  .verdicts thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .verdicts tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: .35rem .75rem; padding: .7rem 0; border-bottom: 1px solid var(--rule); }
  .verdicts th, .verdicts td, .verdicts td.text { display: block; border: 0; padding: 0; width: auto; min-width: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  .verdicts th[scope=row] { grid-column: 1 / 2; }
  .verdicts td[data-is]::before { content: attr(data-is); display: block; color: var(--pale); font-size: .786rem; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root, :root[data-theme] { ${LIGHT} --paper: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .skip, button { display: none; }
  .scroll, .graph, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  .lead a { display: none; }
  .verdicts, .verdicts thead th, .verdicts .grade { font-size: 8pt; }
  .verdicts th, .verdicts td { white-space: normal; overflow-wrap: anywhere; padding-right: .5rem; }
  .verdicts th.n, .verdicts td.n { white-space: nowrap; }
  .verdicts td.text, td.text { min-width: 0; }
  .graph svg { max-width: 100%; height: auto; }
  .copyable pre, .message { max-height: none; }
  tr, .lane, .stack li, figure, .graph { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  svg, mark, .grade, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; text-decoration: none; }
}
`;
