-- SPDX-License-Identifier: MIT
-- The look of the debug pages: one style sheet in the page itself, no script, nothing
-- from elsewhere; light or dark as the browser is set.
return [[
:root{color-scheme:light dark;--bg:#f5f4f0;--card:#fff;--ink:#1f1d1a;--dim:#6b665d;--line:#dedad0;
--red:#b42318;--mark:#fdecea;--markline:#e0776c;--code:#fbfaf7;--hint:#eef4ff;--hintline:#5b7fd6;--link:#2f5fc4;--str:#3d6b3a}
@media(prefers-color-scheme:dark){:root{--bg:#131418;--card:#1b1d23;--ink:#e6e4df;--dim:#9a978f;--line:#31343d;
--red:#ff8a7d;--mark:#3b211f;--markline:#c2574c;--code:#16181d;--hint:#1b2538;--hintline:#5f83d4;--link:#8fb0ff;--str:#9fcb98}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
code,pre,.mono,.src,dl.rows{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.84rem}
header,main,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.75rem}
h1{margin:.35rem 0 .25rem;color:var(--red);font-size:1.75rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2rem 0 .6rem;font-size:1.05rem}
h3{margin:1.1rem 0 .35rem;font-size:.9rem;color:var(--dim);font-weight:600}
a{color:var(--link)}
.kicker{margin:0;color:var(--dim);overflow-wrap:anywhere}
.kicker b{color:var(--ink);font-weight:600}
.status{display:inline-block;margin-right:.4rem;padding:0 .5rem;border-radius:.3rem;background:var(--red);color:var(--card);font-weight:600}
.message{margin:.25rem 0 0;font-size:1.1rem;white-space:pre-wrap;overflow-wrap:anywhere}
.hint{margin:1rem 0 0;padding:.65rem .9rem;border-left:4px solid var(--hintline);border-radius:.3rem;background:var(--hint);overflow-wrap:anywhere;white-space:pre-wrap}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0 0}
.facts dt{color:var(--dim)}
.facts dd{margin:0;overflow-wrap:anywhere}
nav{margin:1.1rem 0 0;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;padding-bottom:.2rem;border-bottom:1px solid var(--line)}
nav a{text-decoration:none;padding:.2rem 0}
nav a:hover,nav a:focus{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;overflow:hidden}
.place{padding:.55rem .9rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.place span{color:var(--dim)}
.src{display:grid;grid-template-columns:minmax(100%,max-content);margin:0;padding:.4rem 0;overflow-x:auto;background:var(--code);list-style:none;line-height:1.6}
.src li{white-space:pre;padding-right:1rem;tab-size:4}
.src b{position:sticky;left:0;display:inline-block;width:3.6rem;margin-right:.9rem;padding-right:.7rem;text-align:right;color:var(--dim);background:var(--code);font-weight:400;user-select:none;-webkit-user-select:none}
.src .now{background:var(--mark)}
.src .now b{background:var(--mark);color:var(--red);font-weight:700;box-shadow:inset 4px 0 var(--markline)}
details{border-top:1px solid var(--line)}
details:first-child{border-top:0}
summary{padding:.55rem .9rem;cursor:pointer;overflow-wrap:anywhere}
summary:hover{background:var(--code)}
summary:focus-visible{outline:2px solid var(--link);outline-offset:-2px}
summary span,.flat span{color:var(--dim)}
.flat{padding:.3rem .9rem .3rem 1.95rem;border-top:1px solid var(--line);color:var(--dim);overflow-wrap:anywhere}
.flat:first-child{border-top:0}
.in{padding:0 .9rem .8rem}
.in .src{border:1px solid var(--line);border-radius:.35rem}
dl.rows{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.2rem 1.2rem;margin:0;padding:.1rem 0}
dl.rows dt{color:var(--dim);overflow-wrap:anywhere;max-width:20rem}
dl.rows dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
dl.rows .set{color:var(--ink);font-weight:600}
.none{margin:0;color:var(--dim)}
ol.tried{margin:0;padding:.5rem .9rem .6rem 2.8rem;line-height:1.75}
ol.tried li::marker{color:var(--dim);font-size:.85rem}
ol.tried code{overflow-wrap:anywhere}
ol.tried span{color:var(--dim)}
pre{margin:0;padding:.7rem .9rem;overflow-x:auto;background:var(--code)}
footer{margin-top:2.2rem;padding-top:1rem;padding-bottom:2.5rem;color:var(--dim);font-size:.88rem;overflow-wrap:anywhere;border-top:1px solid var(--line)}
@media(max-width:40rem){header,main,footer{padding-left:.8rem;padding-right:.8rem}h1{font-size:1.4rem}
.facts,dl.rows{grid-template-columns:minmax(0,1fr);gap:0}.facts dd,dl.rows dd{margin-bottom:.45rem}
.src b{width:2.6rem;margin-right:.6rem;padding-right:.5rem}.flat{padding-left:.9rem}ol.tried{padding-left:2.2rem}}
@media print{details>*{display:block}}
]]
