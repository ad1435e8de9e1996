// Tables are sorted by a click on a heading; a link into what is folded away unfolds it.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells]
  headings.forEach((heading, at) => {
    const button = document.createElement("button")
    button.type = "button"
    button.append(...heading.childNodes)
    heading.append(button)
    heading.setAttribute("aria-sort", "none")
    button.addEventListener("click", () => {
      const falling = heading.getAttribute("aria-sort") === "ascending"
      for (const other of headings) other.setAttribute("aria-sort", "none")
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending")
      const body = table.tBodies[0]
      body.append(...[...body.rows].sort((one, other) => compare(one.cells[at], other.cells[at], falling)))
    })
  })
}
function compare(one, other, falling) {
  const [a, b] = [one, other].map(cell => cell.classList.contains("figure") ? cell.dataset.value : cell.textContent)
  // What is unknown comes last, either way.
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined)
  const order = one.classList.contains("figure") ? a - b : a.localeCompare(b, document.documentElement.lang)
  return falling ? -order : order
}
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true
  target?.scrollIntoView()
}
addEventListener("hashchange", unfold)
if (location.hash) unfold()
