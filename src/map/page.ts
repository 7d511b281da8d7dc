/**
 * The fixed parts of the page: its style and its script, which filters the table and shows what a node is linked to.
 *
 * @module
 */

/** Style of the page; system fonts and colours of either scheme. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--box:#f6f8fa;--link:#57708c;
--process:#ddf4ff;--process-line:#54a3dc;--source:#dafbe1;--source-line:#4ac26b;--destination:#fff1e5;--destination-line:#e16f24;
--bad:#cf222e;--partly:#bf8700}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#3d444d;--box:#151b23;--link:#7d93ad;
--process:#0c2d6b;--process-line:#388bfd;--source:#033a16;--source-line:#2ea043;--destination:#5a1e02;--destination-line:#db6d28;
--bad:#ff7b72;--partly:#d29922}}
*{box-sizing:border-box}
body{margin:0 auto;padding:20px 24px 60px;max-width:1720px;background:var(--bg);color:var(--fg);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
h1{font-size:20px;margin:0 0 2px}h2{font-size:16px;margin:26px 0 8px}
p{margin:4px 0}.dim,small{color:var(--dim)}.gap{color:var(--bad)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0;color:var(--dim);font-size:12px;align-items:center}
.legend i{display:inline-block;width:26px;height:0;border-top:3px solid var(--link);vertical-align:middle;margin-right:5px}
.legend i.partly{border-color:var(--partly)}.legend i.failed{border-color:var(--bad);border-top-style:dashed;border-top-width:2px}
.picture{overflow-x:auto;border:1px solid var(--line);border-radius:6px;background:var(--bg)}
.picture>svg{display:block;max-width:100%;min-width:760px;height:auto;margin:0 auto}
svg text{fill:var(--fg);font-size:11px}svg .name{font-weight:600;font-size:12px}
svg .heading{fill:var(--dim);font-size:12px;text-anchor:middle}
.node rect{fill:var(--process);stroke:var(--process-line)}
.node.source rect{fill:var(--source);stroke:var(--source-line)}
.node.destination rect{fill:var(--destination);stroke:var(--destination-line)}
.node.joined rect{stroke-dasharray:4 3}.node{cursor:pointer}.node:focus{outline:none}.node:focus rect,.node:hover rect{stroke-width:2.5}
.link{fill:none;stroke:var(--link);stroke-opacity:.5}.link.partly{stroke:var(--partly)}
.link.failed{stroke:var(--bad);stroke-dasharray:5 4;stroke-opacity:.8}.link:hover{stroke-opacity:1}
marker path{fill:var(--link)}
svg.focus .link:not(.on){stroke-opacity:.07}svg.focus .link.on{stroke-opacity:.95}svg.focus .node:not(.on){opacity:.3}
.bar{display:flex;gap:12px;align-items:center;flex-wrap:wrap;margin:0 0 8px}
input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:6px;padding:5px 9px;width:min(420px,100%)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:12.5px}
th,td{text-align:left;padding:5px 9px;border-bottom:1px solid var(--line);vertical-align:top}
th{position:sticky;top:0;background:var(--box);white-space:nowrap}tbody tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.t{white-space:nowrap}
td.end{min-width:190px;overflow-wrap:anywhere}td.end small{display:block}td.bad{color:var(--bad)}
tbody tr:hover{background:var(--box)}
`.trim();

/** Script of the page. It reads the page and changes classes, nothing else. */
export const SCRIPT = `
const box=document.getElementById("filter"),count=document.getElementById("count"),svg=document.querySelector("svg");
const rows=[...document.querySelectorAll("tbody tr")].map(row=>({row,text:row.textContent.toLowerCase()}));
const nodes=svg?[...svg.querySelectorAll(".node")]:[],links=svg?[...svg.querySelectorAll(".link")]:[];
let held=null;
const show=()=>{const words=box.value.toLowerCase().split(/\\s+/).filter(Boolean);let shown=0;
for(const {row,text} of rows){const on=words.every(word=>text.includes(word))&&(held===null||row.dataset.nodes.split(" ").includes(held));
row.hidden=!on;if(on)shown++}
count.textContent=(shown===rows.length?"":shown+" of ")+rows.length+(rows.length===1?" edge":" edges")};
const light=id=>{if(!svg)return;svg.classList.toggle("focus",id!==null);const on=new Set([id]);
for(const link of links){const is=link.dataset.from===id||link.dataset.to===id;link.classList.toggle("on",is);
if(is){on.add(link.dataset.from);on.add(link.dataset.to)}}
for(const node of nodes)node.classList.toggle("on",on.has(node.dataset.node))};
box.addEventListener("input",show);
for(const node of nodes){const id=node.dataset.node,hold=()=>{held=held===id?null:id;light(held);show()};
node.addEventListener("mouseenter",()=>{if(held===null)light(id)});node.addEventListener("mouseleave",()=>{if(held===null)light(null)});
node.addEventListener("click",hold);node.addEventListener("keydown",event=>{if(event.key==="Enter"){hold()}else if(event.key==="Escape"&&held!==null){held=null;light(null);show()}})}
box.hidden=false;show();
`.trim();
