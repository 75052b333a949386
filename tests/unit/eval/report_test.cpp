// The report: whole, self-contained, and safe from hostile names.
#include "facenet/report.hpp"

#include <cmath>
#include <cstdlib>

#include "base/files.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "eval/html.hpp"
#include "facenet/error.hpp"

using namespace facenet;

namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

// A BMP of one colour, 8x8, without any library.
std::vector<std::uint8_t> square(std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  std::vector<std::uint8_t> bmp(54 + 8 * 24);
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t k = 0; k < 4; ++k) bmp[at + k] = static_cast<std::uint8_t>(value >> (8 * k));
  };
  bmp[0] = 'B';
  bmp[1] = 'M';
  put(2, static_cast<std::uint32_t>(bmp.size()));
  put(10, 54);
  put(14, 40);
  put(18, 8);
  put(22, 8);
  put(26, 1U | 24U << 16U);
  for (std::size_t i = 54; i < bmp.size(); i += 3) {
    bmp[i] = b;
    bmp[i + 1] = g;
    bmp[i + 2] = r;
  }
  return bmp;
}

Report example() {
  Random random(1);
  Report report;
  report.title = "Faces of <script>alert(1)</script> & \"friends\"";
  report.subtitle = "example";
  ReportVerification verification;
  verification.heading = "Verification";
  for (int i = 0; i < 1200; ++i) {
    const bool same = i % 2 == 0;
    const double distance = std::clamp((same ? 0.55 : 1.45) + 0.27 * random.normal(), 0.01, 3.99);
    verification.pairs.push_back({static_cast<float>(distance), same, i / 150 + 1});
  }
  verification.result = evaluate_verification(verification.pairs, {.far = {0.1, 0.01, 1e-4}});
  report.figures = {{"accuracy", html::percent(verification.result.accuracy, 1), "± 0.4"},
                    {"AUC", html::fixed(verification.result.auc, 4), ""},
                    {"rank-1", "93.1 %", "of 240"},
                    {"clustering F", "0.87", "pairwise"}};
  report.verification = verification;
  report.tables = {{"Clustering",
                    "by average linkage",
                    {"measure", "precision", "recall", "F"},
                    {{"pairwise", "0.91", "0.84", "0.87"}, {"BCubed", "0.93", "0.90", "0.91"}}}};
  ReportSheet sheet{"Clusters", "The ring marks the most typical face; dashed: doubtful.", {}};
  for (int c = 0; c < 7; ++c) {
    ReportCluster cluster{"person " + std::to_string(c), 20 - c, {}};
    for (int i = 0; i < 9 - c; ++i) {
      cluster.images.push_back({"image/bmp",
                                square(static_cast<std::uint8_t>(40 * c), static_cast<std::uint8_t>(25 * i), 140),
                                "\"><img src=x onerror=alert(1)>'\xFF.jpg", i == 0, i == 3});
    }
    sheet.clusters.push_back(cluster);
  }
  report.sheets = {sheet};
  report.footer = "made by a test";
  return report;
}

}  // namespace

TEST_CASE("a report is one page with everything inside, and names cannot break out of it") {
  const std::string page = render_html(example());
  // FACENET_KEEP_REPORT=FILE leaves the page there, to be looked at in a browser.
  if (const char* keep = std::getenv("FACENET_KEEP_REPORT")) write_file(keep, page);
  REQUIRE(page.starts_with("<!DOCTYPE html>"));
  REQUIRE(page.ends_with("</html>\n"));
  REQUIRE(count(page, "<script") == 0);
  REQUIRE(count(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;friends&quot;") == 2);
  REQUIRE(count(page, "<img src=x") == 0);
  REQUIRE(count(page, "http") == 0);
  REQUIRE(count(page, "url(") == 0);
  REQUIRE(count(page, "<svg") == 3);
  REQUIRE(count(page, "</svg>") == 3);
  REQUIRE(count(page, "<img ") == 9 + 8 + 7 + 6 + 5 + 4 + 3);
  REQUIRE(count(page, "data:image/bmp;base64,Qk") == count(page, "<img "));
  REQUIRE(count(page, "class=\"medoid\"") == 7);
  REQUIRE(count(page, "not supported by 600 different pairs") == 1);
  REQUIRE(count(page, "nan") == 0);
  REQUIRE(count(page, "<div") == count(page, "</div>"));
  REQUIRE(count(page, "<section") == count(page, "</section>"));
}

TEST_CASE("an empty report is a page too") {
  const std::string page = render_html({});
  REQUIRE(count(page, "<main>") == 1);
  REQUIRE(count(page, "<section") == 0);
}

TEST_CASE("extreme pairs do not break the charts") {
  for (const float far : {0.0F, 1e-6F, 4.0F}) {
    Report report;
    const std::vector<ScoredPair> pairs{{0.0F, true}, {far, false}};
    report.verification = ReportVerification{"two pairs", pairs, evaluate_verification(pairs)};
    const std::string page = render_html(report);
    REQUIRE(count(page, "nan") == 0);
    REQUIRE(count(page, "inf") == 0);
    REQUIRE(count(page, "<svg") == 3);
  }
}

TEST_CASE("images of other kinds are refused") {
  Report report;
  report.sheets = {{"x", "", {{"y", 1, {{"text/html", {1, 2}, "z"}}}}}};
  REQUIRE_THROWS_AS(render_html(report), InvalidArgument);
  report.sheets[0].clusters[0].images[0].mime = "image/png\" onload=\"x";
  REQUIRE_THROWS_AS(render_html(report), InvalidArgument);
}

TEST_CASE("escaping, numbers and base64") {
  REQUIRE(html::escape("a<b>&'\"") == "a&lt;b&gt;&amp;&#39;&quot;");
  REQUIRE(html::escape("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80") == "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80");
  const std::string bad = "\xEF\xBF\xBD";
  REQUIRE(html::escape("\xFFx") == bad + "x");
  REQUIRE(html::escape("\xC0\xAF") == bad + bad);            // overlong
  REQUIRE(html::escape("\xE2\x82") == bad + bad);            // cut short
  REQUIRE(html::escape("\xED\xA0\x80") == bad + bad + bad);  // half of a pair
  REQUIRE(html::escape(std::string("\x1B[0m\0", 5)) == bad + "[0m" + bad);
  const auto encoded = [](const std::string& text) {
    return html::base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  REQUIRE(encoded("") == "");
  REQUIRE(encoded("f") == "Zg==");
  REQUIRE(encoded("fo") == "Zm8=");
  REQUIRE(encoded("foobar") == "Zm9vYmFy");
  REQUIRE(html::percent(0.98765, 1) == "98.8 %");
  REQUIRE(html::shortest(0.001) == "0.001");
  REQUIRE(html::shortest(1e-5) == "0.00001");
}

TEST_CASE("charts: lines, a band, axes of each scale") {
  Report report;
  ReportChart chart;
  chart.heading = "DET <b>";
  chart.x = {"far & wide", 1e-4, 0.5, ReportScale::deviate, true};
  chart.y = {"frr", 1e-3, 0.5, ReportScale::logarithmic, true};
  chart.series = {{"one", {{1e-4, 0.4}, {0.5, 1e-3}}, true, {{0.3, 0.5}, {1e-3, 2e-3}}}, {"two", {{0, 1}, {1, 0}}}};
  chart.mark = 0.05;
  chart.mark_name = "here";
  report.charts = {chart};
  const std::string page = render_html(report);
  REQUIRE(count(page, "<b>") == 0);
  REQUIRE(count(page, "far &amp; wide") == 1);
  REQUIRE(count(page, "class=\"curve line0\" d=\"M60.0 ") == 1);  // the lowest FAR is at the left end,
  REQUIRE(count(page, " 314.0\"/>") >= 1);                        // and what is below the axis at its bottom
  REQUIRE(count(page, "class=\"band line0\"") == 1);
  REQUIRE(count(page, "<circle class=\"dot line0\"") == 2);
  REQUIRE(count(page, ">0.01 %</text>") == 1);
  REQUIRE(count(page, ">20 %</text>") == 1);
  REQUIRE(count(page, "nan") == 0);

  for (const auto& [low, high, scale] :
       {std::tuple(0.0, 0.5, ReportScale::deviate), std::tuple(0.1, 1.0, ReportScale::deviate),
        std::tuple(0.0, 1.0, ReportScale::logarithmic), std::tuple(1.0, 1.0, ReportScale::linear)}) {
    report.charts[0] = chart;
    report.charts[0].x = {"x", low, high, scale};
    REQUIRE_THROWS_AS(render_html(report), InvalidArgument);
  }
  report.charts[0] = chart;
  report.charts[0].series[1].points[0][0] = std::nan("");
  REQUIRE_THROWS_AS(render_html(report), InvalidArgument);
  report.charts[0] = chart;
  report.charts[0].series[0].band.pop_back();
  REQUIRE_THROWS_AS(render_html(report), InvalidArgument);
}
