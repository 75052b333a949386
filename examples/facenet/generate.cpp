// facenet generate: folders of drawn faces.
#include <memory>

#include <facenet/dataset.hpp>
#include <facenet/files.hpp>

#include "commands.hpp"
#include "output.hpp"

namespace facenet::program {

Run setup_generate(CLI::App& app, Common& common) {
  const auto options = std::make_shared<GenerateOptions>();
  app.add_option("--people", options->people, "How many people (100)")->type_name("N");
  app.add_option("--images", options->images, "Images of each (10)")->type_name("N");
  app.add_option("--size", options->size, "Pixels a side, 16 to 2048 (112)")->type_name("S");
  add_seed_option(app, common);
  return [options, &common] {
    require_arguments(common, 1, 1, "the folder to make");
    options->seed = common.seed;
    const std::filesystem::path folder = common.arguments[0];
    {
      Progress progress(common, "drawing faces");
      generate_dataset(
          folder, *options, [&](std::size_t done, std::size_t total) { progress.show(done, total); }, interrupted());
    }
    say(common, "drew " + grouped(std::int64_t{options->people} * options->images) + " faces of " +
                    grouped(options->people) + " people in " + printable(folder) + "; landmarks in " +
                    printable(folder / "landmarks.csv"));
    return static_cast<int>(kDone);
  };
}

}  // namespace facenet::program
