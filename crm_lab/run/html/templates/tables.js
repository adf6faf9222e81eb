document.querySelectorAll("table.t").forEach(t=>{
const b=t.tBodies[0],w=document.documentElement.lang.startsWith("zh")?["筛选","复制","已复制"]:["Filter","Copy","Copied"],
num=s=>{const m=s.replace(/,/g,"").replace("−","-").match(/^[^\d-]*(-?[\d.]+)/);return m?+m[1]:NaN},
cell=(r,i)=>r.cells[i]?r.cells[i].textContent.trim():"";
[...t.tHead.rows[0].cells].forEach((h,i)=>{let up=1;const s=document.createElement("button");s.type="button";s.textContent=h.textContent;h.textContent="";h.append(s);
s.onclick=()=>{up=-up;[...t.tHead.rows[0].cells].forEach(x=>x.removeAttribute("aria-sort"));h.setAttribute("aria-sort",up<0?"descending":"ascending");
[...b.rows].sort((p,q)=>{const a=cell(p,i),c=cell(q,i),x=num(a),y=num(c);return up*(isNaN(x)||isNaN(y)?a.localeCompare(c):x-y)}).forEach(r=>b.append(r))}});
const e=t.parentNode.nextElementSibling,bar=e&&e.matches("p.more")?e:document.createElement("p");bar.classList.add("tools");
if(b.rows.length>8){const d=document.createElement("p");d.className="tools";const f=document.createElement("input");f.type="search";f.placeholder=w[0];f.setAttribute("aria-label",w[0]);
f.oninput=()=>{const q=f.value.toLowerCase();[...b.rows].forEach(r=>{r.hidden=!r.textContent.toLowerCase().includes(q)})};d.append(f);t.parentNode.before(d)}
const c=document.createElement("button");c.type="button";c.textContent=w[1];
c.onclick=()=>{const s=[...t.rows].filter(r=>!r.hidden).map(r=>[...r.cells].map(x=>x.textContent.trim()).join("\t")).join("\n"),a=document.createElement("textarea");
a.value=s;document.body.append(a);a.select();document.execCommand("copy");a.remove();c.textContent=w[2];setTimeout(()=>{c.textContent=w[1]},1500)};
bar.append(c);t.parentNode.after(bar)});
