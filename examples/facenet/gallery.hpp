// The actions of facenet gallery that embed photographs; the others stand in gallery.cpp.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <facenet/gallery.hpp>

#include "faces.hpp"

namespace facenet::program {

struct GalleryOptions {
  FaceOptions faces;
  std::string folder;
  std::string name;
  std::string image;
  std::string strangers;
  std::string ranking;
  std::string search;
  std::string people;
  std::string embeddings;
  std::string fpir;
  int enrol = 1;
  bool images = false;
};

/// The images of root/person/image, the first folder being the person; UsageError and IoError as they come.
std::vector<Input> people_inputs(const Common& common, const std::string& root, Failures& failures);
/// The person of such an input.
std::string person_of(const Input& input);

/// The lines of a file, a name in each. IoError when it cannot be read.
std::set<std::string> read_names(const std::string& file);

/// "0.1,0.01" as shares. UsageError names the option.
std::vector<double> parse_rates(const std::string& option, const std::string& text);
PersonRanking ranking_of(const std::string& name);
std::string name_of(PersonRanking ranking);
GallerySearch search_of(const std::string& name);  ///< empty: automatic
/// What searches a gallery, in words.
std::string search_text(const Gallery& gallery);
std::string name_of(GallerySearch search);

int gallery_add(const Common& common, const GalleryOptions& options);
int gallery_migrate(const Common& common, const GalleryOptions& options);
int gallery_evaluate(const Common& common, const GalleryOptions& options);

}  // namespace facenet::program
