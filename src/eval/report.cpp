// The page: its parts in order, and its style.
#include "facenet/report.hpp"

#include <string_view>

#include "eval/calibration_section.hpp"
#include "eval/charts.hpp"
#include "eval/html.hpp"
#include "eval/line_chart.hpp"
#include "eval/map_chart.hpp"

namespace facenet {
namespace {

using html::escape;

// Blue and orange differ for colour-blind eyes too, and in print.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --page:#f6f7f9; --card:#fff; --ink:#1b2430; --soft:#5d6b7c; --line:#dfe4ea;
  --same:#2f6fde; --different:#e08a1e; --mark:#b3261e; --accent:#2f6fde;
  --third:#2c8a5b; }
@media (prefers-color-scheme: dark) { :root { --page:#12161c; --card:#1b212a; --ink:#e6ebf2; --soft:#94a2b3;
  --line:#2e3743; --same:#6ea0ff; --different:#f0a94b; --mark:#ff8a80; --accent:#6ea0ff; --third:#62c794; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--page); color:var(--ink); font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif; }
main { max-width:1180px; margin:0 auto; padding:32px 20px 48px; }
h1 { font-size:28px; line-height:1.2; margin:0 0 4px; letter-spacing:-.01em; }
h2 { font-size:18px; margin:0 0 12px; }
h3 { font-size:14px; margin:0 0 6px; font-weight:600; }
.soft, .note { color:var(--soft); margin:0; } .note { font-size:13px; margin-top:10px; }
.figures { display:grid; grid-template-columns:repeat(auto-fit,minmax(150px,1fr)); gap:12px; margin:22px 0 0; }
.figure, section { background:var(--card); border:1px solid var(--line); border-radius:10px; }
.figure { padding:12px 16px; } .figure dt { color:var(--soft); font-size:13px; }
.figure dd { margin:0; } .figure b { font-size:24px; font-weight:650; font-variant-numeric:tabular-nums; }
.figure span { color:var(--soft); font-size:13px; margin-left:6px; }
section { padding:18px 20px 20px; margin-top:16px; }
.charts { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr)); gap:20px; }
.scroll { overflow-x:auto; }
table { border-collapse:collapse; width:100%; font-variant-numeric:tabular-nums; }
th { text-align:left; font-weight:600; color:var(--soft); font-size:13px; }
th, td { padding:6px 14px 6px 0; border-bottom:1px solid var(--line); vertical-align:top; }
tr:last-child td { border-bottom:0; }
svg { width:100%; height:auto; display:block; } svg text { fill:var(--soft); font-size:12px; }
svg .name { font-size:13px; } .axis { stroke:var(--soft); } .grid { stroke:var(--line); }
.curve { fill:none; stroke:var(--accent); stroke-width:2.2; stroke-linejoin:round; }
.chance { stroke:var(--soft); stroke-dasharray:3 4; } .whisker { stroke:var(--accent); stroke-width:1.4; opacity:.7; }
.point { fill:var(--card); stroke:var(--accent); stroke-width:2; }
.same rect { fill:var(--same); opacity:.62; } .different rect { fill:var(--different); opacity:.62; }
.threshold { stroke:var(--mark); stroke-width:1.6; stroke-dasharray:5 3; } svg .mark { fill:var(--mark); }
.line1 { stroke:var(--different); stroke-dasharray:8 3; } .line2 { stroke:var(--third); stroke-dasharray:3 3; }
.line3 { stroke:var(--mark); stroke-dasharray:9 3 2 3; } .line4 { stroke:var(--ink); stroke-dasharray:1 3; }
.line5 { stroke:var(--soft); } .dot { fill:var(--card); stroke:var(--accent); stroke-width:2; stroke-dasharray:none; }
.dot.line1 { stroke:var(--different); } .dot.line2 { stroke:var(--third); } .dot.line3 { stroke:var(--mark); }
.band { fill:currentColor; stroke:none; opacity:.13; } .band.line0 { color:var(--accent); }
svg.key { display:inline-block; width:26px; height:8px; margin-right:6px; }
.pair { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr)); gap:0 16px; }
.legend { display:flex; flex-wrap:wrap; gap:2px 18px; font-size:13px; color:var(--soft); margin:0 0 6px; }
.legend i { display:inline-block; width:11px; height:11px; border-radius:2px; margin-right:6px; opacity:.75; }
.scale input { position:absolute; opacity:0; }
.scale label { font-size:13px; color:var(--soft); padding:1px 9px; border:1px solid var(--line); border-radius:99px;
  cursor:pointer; } .scale input:checked + label { color:var(--ink); border-color:var(--accent); }
.scale input:focus-visible + label { outline:2px solid var(--accent); }
.scale .linear { display:none; } #linear:checked ~ .linear { display:block; } #linear:checked ~ .log { display:none; }
.scale div { margin-top:6px; }
details { margin-top:14px; } summary { cursor:pointer; color:var(--soft); font-size:13px; }
.sheet { display:grid; grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr)); gap:14px; }
.cluster { border:1px solid var(--line); border-radius:8px; padding:10px 12px 12px; }
.cluster h3 { overflow-wrap:anywhere; } .cluster h3 span { color:var(--soft); font-weight:400; }
.faces { display:grid; grid-template-columns:repeat(auto-fill,minmax(62px,1fr)); gap:6px; }
.faces img { width:100%; aspect-ratio:1; object-fit:cover; border-radius:5px; display:block; background:var(--line); }
.faces img.medoid { outline:2.5px solid var(--accent); } .faces img.outlier { outline:2.5px dashed var(--different); }
footer { color:var(--soft); font-size:13px; margin-top:22px; }
@media print { body { background:#fff; } section, .figure { break-inside:avoid; } }
)css";

std::string paragraph(const char* kind, const std::string& text) {
  return text.empty() ? "" : std::string("<p class=\"") + kind + "\">" + escape(text) + "</p>\n";
}

std::string table(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<div class=\"scroll\"><table>";
  if (!columns.empty()) {
    out += "<thead><tr>";
    for (const std::string& column : columns) out += "<th scope=\"col\">" + escape(column) + "</th>";
    out += "</tr></thead>";
  }
  out += "<tbody>";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += "<td>" + escape(cell) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string val_table(const Verification& result) {
  std::vector<std::vector<std::string>> rows;
  for (const ValAtFar& point : result.val) {
    if (point.supported) {
      rows.push_back({html::shortest(point.far), html::percent(point.val, 1),
                      html::percent(point.low, 1) + " to " + html::percent(point.high, 1),
                      html::fixed(static_cast<double>(point.threshold), 3), html::percent(point.measured_far, 2)});
    } else {
      rows.push_back({html::shortest(point.far), "–",
                      "not supported by " + std::to_string(result.pairs - result.same_pairs) + " different pairs", "",
                      ""});
    }
  }
  return table({"FAR", "VAL", "95 % interval", "threshold", "FAR measured"}, rows);
}

std::string verification(const ReportVerification& part) {
  const Verification& result = part.result;
  std::string out = "<section><h2>" + escape(part.heading) + "</h2>\n<div class=\"charts\">";
  out +=
      "<div class=\"scale\"><input type=\"radio\" name=\"scale\" id=\"log\" checked><label for=\"log\">logarithmic"
      "</label> <input type=\"radio\" name=\"scale\" id=\"linear\"><label for=\"linear\">linear</label>";
  out += "<div class=\"log\">" + roc_svg(part.pairs, result, true) + "</div>";
  out += "<div class=\"linear\">" + roc_svg(part.pairs, result, false) + "</div></div>\n<div>";
  out += "<p class=\"legend\"><span><i style=\"background:var(--same)\"></i>same person (" +
         std::to_string(result.same_pairs) +
         ")</span><span><i style=\"background:var(--different)\"></i>different people (" +
         std::to_string(result.pairs - result.same_pairs) + ")</span></p>";
  out += histogram_svg(part.pairs, result) + "</div></div>\n";
  if (!result.val.empty()) out += val_table(result);
  out +=
      paragraph("note", "Accuracy " + html::percent(result.accuracy, 2) +
                            (result.folds.size() > 1 ? " ± " + html::percent(result.accuracy_se, 2) : std::string()) +
                            ", AUC " + html::fixed(result.auc, 4) + ", EER " + html::percent(result.eer, 2) +
                            ". Threshold: " + result.threshold_from + ".");
  if (result.folds.size() > 1) {
    std::vector<std::vector<std::string>> rows;
    for (const FoldResult& fold : result.folds) {
      rows.push_back({std::to_string(fold.fold), std::to_string(fold.pairs), html::percent(fold.accuracy, 2),
                      html::fixed(static_cast<double>(fold.threshold), 4)});
    }
    out += "<details><summary>Folds</summary>" + table({"fold", "pairs", "accuracy", "threshold"}, rows) + "</details>";
  }
  return out + "</section>\n";
}

// Two beside each other where there is room.
std::string charts(const std::vector<ReportChart>& charts) {
  std::string out;
  for (const ReportChart& chart : charts) {
    out += "<section><h2>" + escape(chart.heading) + "</h2>\n" + line_chart(chart) + paragraph("note", chart.note) +
           "</section>\n";
  }
  return out.empty() ? out : "<div class=\"pair\">" + out + "</div>\n";
}

std::string image(const ReportImage& image) {
  const std::string caption = escape(image.caption);
  std::string kind = image.medoid ? "medoid" : "";
  if (image.outlier) kind = "outlier";
  return "<img" + (kind.empty() ? "" : " class=\"" + kind + "\"") + " loading=\"lazy\" alt=\"" + caption +
         "\" title=\"" + caption + "\" src=\"" + image_data(image) + "\">";
}

std::string sheet(const ReportSheet& part) {
  std::string out = "<section><h2>" + escape(part.heading) + "</h2>\n<div class=\"sheet\">\n";
  for (const ReportCluster& cluster : part.clusters) {
    out += "<div class=\"cluster\"><h3>" + escape(cluster.title) + " <span>" + std::to_string(cluster.size) +
           "</span></h3><div class=\"faces\">";
    for (const ReportImage& face : cluster.images) out += image(face);
    out += "</div></div>\n";
  }
  return out + "</div>\n" + paragraph("note", part.note) + "</section>\n";
}

}  // namespace

std::string render_html(const Report& report) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escape(report.title) + "</title>\n<style>";
  out += kStyle;
  out += "</style></head>\n<body><main>\n<h1>" + escape(report.title) + "</h1>\n" + paragraph("soft", report.subtitle);
  if (!report.figures.empty()) {
    out += "<dl class=\"figures\">";
    for (const ReportFigure& figure : report.figures) {
      out += "<div class=\"figure\"><dt>" + escape(figure.name) + "</dt><dd><b>" + escape(figure.value) + "</b>";
      if (!figure.detail.empty()) out += "<span>" + escape(figure.detail) + "</span>";
      out += "</dd></div>\n";
    }
    out += "</dl>\n";
  }
  if (report.verification) out += verification(*report.verification);
  if (report.calibration) out += calibration_section(*report.calibration);
  out += charts(report.charts);
  for (const ReportTable& part : report.tables) {
    out += "<section><h2>" + escape(part.heading) + "</h2>\n" + table(part.columns, part.rows) +
           paragraph("note", part.note) + "</section>\n";
  }
  for (const ReportSheet& part : report.sheets) out += sheet(part);
  for (const ReportMap& part : report.maps) {
    out += "<section><h2>" + escape(part.heading) + "</h2>\n" + map_svg(part) + paragraph("note", part.note) +
           "</section>\n";
  }
  if (!report.footer.empty()) out += "<footer>" + escape(report.footer) + "</footer>\n";
  return out + "</main></body></html>\n";
}

}  // namespace facenet
