"use strict";
// Draws the charts in the colours of the page, and again when the system turns light or dark.
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  const axis = (given) => Object.assign({}, given, {
    gridcolor: colour("rule"), linecolor: colour("rule"), zerolinecolor: colour("rule"),
    automargin: true, fixedrange: coarse,
  });

  function coloured(figure) {
    const data = figure.figure.data.map((trace, i) => {
      const role = figure.roles[i % figure.roles.length];
      if (trace.type === "heatmap") {
        return Object.assign({}, trace, {
          zmin: 0, zmax: 1, showscale: false, xgap: 0, ygap: 2,
          colorscale: [[0, colour("page")], [1, colour("accent")]],
          hovertemplate: "%{y}, epoch %{x}: %{z:.0%}<extra></extra>",
        });
      }
      return Object.assign({}, trace, {
        line: Object.assign({}, trace.line, { color: colour(role) }),
        marker: Object.assign({}, trace.marker, { color: colour(role), size: 8 }),
        // The name of a point at the edge may reach beyond the axes.
        cliponaxis: !trace.text,
      });
    });
    const layout = Object.assign({}, figure.figure.layout, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("muted") },
      hoverlabel: {
        bgcolor: colour("surface"), bordercolor: colour("rule"), font: { color: colour("ink") },
      },
      margin: { l: 44, r: 14, t: 26, b: 40 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      xaxis: axis(figure.figure.layout.xaxis),
      yaxis: axis(figure.figure.layout.yaxis),
      dragmode: coarse ? false : "zoom",
    });
    delete layout.width;
    delete layout.height;
    return [data, layout];
  }

  // The library is a text of the page until a chart is to be drawn: reading it takes longer than all
  // the rest of the page.
  function library() {
    if (!window.Plotly) {
      const script = document.createElement("script");
      script.textContent = document.getElementById("plotly").textContent;
      document.head.append(script);
    }
    return window.Plotly;
  }

  const drawn = new Set();
  const draw = (figure) => {
    const [data, layout] = coloured(figure);
    library().react(figure.id, data, layout, { responsive: true, displayModeBar: false });
    drawn.add(figure);
  };

  // A chart is drawn when it comes near the window, so that the page opens at once.
  const byId = new Map(figures.map((figure) => [figure.id, figure]));
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        observer.unobserve(entry.target);
        draw(byId.get(entry.target.id));
      }
    }
  }, { rootMargin: "400px" });
  for (const figure of figures) observer.observe(document.getElementById(figure.id));

  dark.addEventListener("change", () => drawn.forEach(draw));
  // A sheet is narrower than most windows, and a chart keeps the size that it was drawn in.
  const sheet = 660;
  const everywhere = (change) => figures.forEach((figure) => Plotly.relayout(figure.id, change));
  window.addEventListener("beforeprint", () => {
    figures.forEach(draw);
    everywhere({ autosize: false, width: sheet });
  });
  window.addEventListener("afterprint", () => everywhere({ autosize: true, width: null }));
})();
