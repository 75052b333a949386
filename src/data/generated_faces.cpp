// generate_face: painter, shadow, camera. generate_dataset: folders of them.
#include "data/generated_faces.hpp"

#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/threads.hpp"
#include "data/csv.hpp"
#include "data/face_drawing.hpp"
#include "data/face_texture.hpp"

namespace facenet {
namespace {

using namespace faces;

/// A mean over three by three pixels, `amount` of it.
void blur(std::vector<Colour>& pixels, int size, float amount) {
  const auto pass = [&](int step_x, int step_y) {
    const std::vector<Colour> before = pixels;
    const auto value = [&](int x, int y) -> const Colour& {
      return before[static_cast<std::size_t>(std::clamp(y, 0, size - 1) * size + std::clamp(x, 0, size - 1))];
    };
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        const Colour sides = mixed(value(x - step_x, y - step_y), value(x + step_x, y + step_y), 0.5F);
        pixels[static_cast<std::size_t>(y * size + x)] = mixed(value(x, y), sides, amount * 0.67F);
      }
    }
  };
  pass(1, 0);
  pass(0, 1);
}

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t index) { return mix(mix(seed) + index); }

}  // namespace

GeneratedFace generate_face(std::uint64_t person_seed, std::uint64_t image_seed, int size) {
  if (size < 16 || size > 2048) {
    throw InvalidArgument("generated faces are 16 to 2048 pixels a side, not " + std::to_string(size));
  }
  const Person person = draw_person(person_seed);
  const Shot shot = draw_shot(person, image_seed);
  const float unit = shot.scale * static_cast<float>(size);  // pixels in half a head
  const Painter painter(person, shot, 1 / unit);
  const float centre = static_cast<float>(size - 1) / 2;
  const float middle_x = centre + shot.shift_x * static_cast<float>(size);
  const float middle_y = centre + shot.shift_y * static_cast<float>(size);
  const float c = std::cos(shot.roll), s = std::sin(shot.roll);

  std::vector<Colour> pixels(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const float u = (static_cast<float>(column) - middle_x) / unit, v = (static_cast<float>(row) - middle_y) / unit;
      const float x = c * u + s * v, y = -s * u + c * v;
      Colour colour = painter.paint(x, y);
      const float into_shadow = x * std::cos(shot.shadow_angle) + y * std::sin(shot.shadow_angle) - shot.shadow_at;
      colour = scaled(colour, 1 - shot.shadow * soft_step(-0.06F, 0.06F, into_shadow));
      for (std::size_t k = 0; k < 3; ++k) {
        // Contrast about a middle grey, then what a sensor cannot hold bends into its range.
        const float exposed = colour[k] * shot.exposure * shot.tint[k];
        const float bent = 0.45F + (exposed - 0.45F) * shot.contrast;
        colour[k] = bent < 0.75F ? bent : 0.75F + 0.25F * std::tanh((bent - 0.75F) / 0.25F);
      }
      pixels[static_cast<std::size_t>(row * size + column)] = colour;
    }
  }
  if (shot.blur > 0) blur(pixels, size, shot.blur);

  GeneratedFace result{Image(size, size), {}};
  Random noise(shot.texture_seed);
  std::uint8_t* out = result.image.data();
  for (const Colour& colour : pixels) {
    for (const float value : colour) {
      // The sum of two uniform draws: near enough to a normal one for grain.
      const auto grain = static_cast<float>(noise.uniform() + noise.uniform() - 1);
      *out++ = static_cast<std::uint8_t>(std::clamp((value + 2 * shot.noise * grain) * 255 + 0.5F, 0.0F, 255.0F));
    }
  }
  std::size_t at = 0;
  for (const auto& [px, py] : painter.points()) {
    auto [x, y] = painter.head().project(px, py);
    x += shot.point_error[at];
    y += shot.point_error[at + 1];
    result.landmarks[at++] = middle_x + unit * (c * x - s * y);
    result.landmarks[at++] = middle_y + unit * (s * x + c * y);
  }
  return result;
}

void generate_dataset(const std::filesystem::path& root, const GenerateOptions& options, const DataProgress& progress,
                      const std::stop_token& stop) {
  if (options.people < 1 || options.people > 1'000'000 || options.images < 1 || options.images > 100'000) {
    throw InvalidArgument("cannot generate " + std::to_string(options.people) + " people with " +
                          std::to_string(options.images) + " images each");
  }
  const auto numbered = [](const char* prefix, std::int64_t number, const char* ending) {
    char name[64];
    std::snprintf(name, sizeof name, "%s%04lld%s", prefix, static_cast<long long>(number), ending);
    return std::string(name);
  };
  const std::int64_t count = std::int64_t{options.people} * options.images;
  std::vector<Landmarks> landmarks(static_cast<std::size_t>(count));
  for (int person = 1; person <= options.people; ++person) {
    const auto folder = root / numbered("person_", person, "");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw IoError("cannot make the folder '" + printable(folder) + "': " + error.message());
  }
  const auto file_of = [&](std::int64_t i) {
    return numbered("person_", i / options.images + 1, "/") + numbered("", i % options.images + 1, ".png");
  };
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(count, [&](std::int64_t i) {
    if (stop.stop_requested()) throw Interrupted("stopped while generating faces into '" + printable(root) + "'");
    const auto person = static_cast<std::uint64_t>(i / options.images);
    const GeneratedFace face = generate_face(
        seed_of(options.seed, person), seed_of(options.seed ^ 0xfaceULL, static_cast<std::uint64_t>(i)), options.size);
    face.image.write_png(root / file_of(i));
    landmarks[static_cast<std::size_t>(i)] = face.landmarks;
    const std::lock_guard lock(mutex);
    if (progress) progress(++done, static_cast<std::size_t>(count));
  });
  std::string table = landmarks_header() + '\n';
  for (std::int64_t i = 0; i < count; ++i) {
    table += file_of(i);
    for (const float value : landmarks[static_cast<std::size_t>(i)]) {
      char text[32];
      std::snprintf(text, sizeof text, ",%.3f", static_cast<double>(value));
      table += text;
    }
    table += '\n';
  }
  write_file(root / "landmarks.csv", table);
}

}  // namespace facenet
