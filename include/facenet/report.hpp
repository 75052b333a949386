// One HTML page of results that needs nothing beside it: tables, ROC, distance histograms, charts, contact sheets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <facenet/calibration.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// Rows of text below a heading.
struct ReportTable {
  std::string heading;
  std::string note;                  ///< below the table; may be empty
  std::vector<std::string> columns;  ///< may be empty: a table of names and values
  std::vector<std::vector<std::string>> rows;
};

/// A large number at the top of the page, e.g. {"accuracy", "99.2 %", "± 0.2"}.
struct ReportFigure {
  std::string name;
  std::string value;
  std::string detail;
};

/// An encoded image, shown as it is.
struct ReportImage {
  std::string mime;  ///< image/jpeg, image/png, image/webp, image/gif or image/bmp
  std::vector<std::uint8_t> bytes;
  std::string caption;   ///< shown when pointed at
  bool medoid = false;   ///< marked as the cluster's most typical
  bool outlier = false;  ///< marked as doubtful
};

/// One group on a contact sheet.
struct ReportCluster {
  std::string title;
  std::int64_t size = 0;  ///< of the cluster; more than images where some were left out
  std::vector<ReportImage> images;
};

/// Groups of images below a heading.
struct ReportSheet {
  std::string heading;
  std::string note;
  std::vector<ReportCluster> clusters;
};

/// How values become places along an axis. `deviate`: as the normal distribution's quantiles, for shares above 0 and
/// below 1, as DET curves are drawn.
enum class ReportScale : std::uint8_t { linear, logarithmic, deviate };

/// What lies beyond an axis is drawn at its end.
struct ReportAxis {
  std::string name;
  double low = 0;
  double high = 1;
  ReportScale scale = ReportScale::linear;
  bool percent = false;  ///< labels in percent of 1
};

/// A line of a chart. Lines differ in colour and in dashes.
struct ReportSeries {
  std::string name;
  std::vector<std::array<double, 2>> points;  ///< x, y
  bool dots = false;                          ///< the points themselves too
  std::vector<std::array<double, 2>> band{};  ///< low, high of each point, shaded; as many as points, or none
};
constexpr std::size_t kReportColours = 6;  ///< of lines; then they come again

/// Lines over one another.
struct ReportChart {
  std::string heading;
  ReportAxis x;
  ReportAxis y;
  std::vector<ReportSeries> series;
  std::optional<double> mark{};  ///< a vertical line at this x
  std::string mark_name{};
  std::string note{};
};

/// Images at places in the plane, e.g. of embeddings by t-SNE.
struct ReportMap {
  std::string heading;
  std::string note;
  std::vector<ReportImage> images;
  std::vector<std::array<float, 2>> places;  ///< of the images' middles, y upwards
  float side = 1;                            ///< of each image, in the units of places
  std::vector<std::int32_t> groups;          ///< of each image; a frame of one colour for each. Below 0: no frame
};

/// ROC and histograms of the pairs, the numbers of the result, and its folds.
struct ReportVerification {
  std::string heading;
  std::vector<ScoredPair> pairs;
  Verification result;
};

/// VAL over FAR with the intervals of a calibration's points, and what its probabilities are worth.
struct ReportCalibration {
  std::string heading;
  Calibration calibration;
  CalibrationCheck check;  ///< on the pairs of the page
  bool others = false;     ///< which are not those that the calibration comes from
};

/// Texts are plain: everything is escaped, and bytes that are not UTF-8 are replaced.
struct Report {
  std::string title;
  std::string subtitle;
  std::vector<ReportFigure> figures;
  std::vector<ReportTable> tables;
  std::optional<ReportVerification> verification{};
  std::optional<ReportCalibration> calibration{};
  std::vector<ReportChart> charts{};
  std::vector<ReportSheet> sheets{};
  std::vector<ReportMap> maps{};
  std::string footer{};
};

/// The page, complete: styles, charts (SVG) and images (data URIs) inside, no script, light and dark. InvalidArgument
/// for an image of another kind, a chart whose axis cannot be or whose point is not finite, or when the verification's
/// pairs are not of both kinds.
FACENET_API std::string render_html(const Report& report);

}  // namespace facenet
