/* Small conveniences; every page works without them. */
(() => {
  "use strict";
  const ready = () => {
    const summary = document.getElementById("error-summary");
    if (summary) summary.focus();
  };
  // A second press must not send a form twice; the server refuses it anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  // Coming back with the browser's arrow shows the page as it was left: let forms send again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });
  // Menus close on Escape and on a press elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  // Ranking: two buttons beside each option do what its list of ranks does.
  const spread = (rows) => {
    const held = [...new Set(rows.map((row) => row.rank).filter(Boolean))].sort((a, b) => a - b);
    rows.forEach((row) => {
      row.select.value = row.rank ? String(held.indexOf(row.rank) + 1) : "";
    });
  };
  const move = (list, item, up) => {
    const rows = [...list.children].map((each) => {
      const select = each.querySelector("select");
      return { each, select, rank: Number(select.value) };
    });
    const own = rows.find((row) => row.each === item);
    const ranks = rows.map((row) => row.rank);
    const last = Math.max(0, ...ranks);
    const shared = ranks.filter((rank) => rank === own.rank).length > 1;
    if (!own.rank) own.rank = up ? last + 1 : 0;
    else if (up) own.rank -= shared ? 0.5 : own.rank > 1 ? 1 : 0;
    else own.rank += shared ? 0.5 : own.rank < last ? 1 : -own.rank;
    spread(rows);
    const place = (row) => Number(row.select.value) || rows.length + 1;
    [...rows].sort((a, b) => place(a) - place(b)).forEach((row) => list.append(row.each));
  };
  const addMoves = (list) => {
    [...list.children].forEach((item) => {
      const moves = document.createElement("span");
      moves.className = "moves";
      const name = item.querySelector("b").textContent;
      [["\u2191", list.dataset.higher, true], ["\u2193", list.dataset.lower, false]].forEach(
        ([sign, said, up]) => {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = sign;
          button.setAttribute("aria-label", `${said}: ${name}`);
          button.addEventListener("click", () => {
            move(list, item, up);
            button.focus();
          });
          moves.append(button);
        },
      );
      item.append(moves);
    });
  };
  // What a ballot has spent so far; the server counts it again.
  const addSum = (list) => {
    const said = list.parentElement.querySelector("[data-spent]");
    const all = list.dataset.credits || list.dataset.points;
    const cost = (typed) => (list.dataset.credits ? typed * typed : typed);
    const show = () => {
      const typed = [...list.querySelectorAll("input")].map((input) => Number(input.value) || 0);
      const spent = typed.reduce((sum, each) => sum + cost(each), 0);
      said.textContent = said.dataset.spent.replace("{spent}", spent).replace("{all}", all);
      said.classList.toggle("over", spent > Number(all));
    };
    list.addEventListener("input", show);
    show();
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-ranking]").forEach(addMoves);
    document.querySelectorAll("[data-credits], [data-points]").forEach(addSum);
  });
  document.addEventListener("DOMContentLoaded", ready);
})();
