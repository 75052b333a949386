// What a generated face is made of: who it is, and how this picture shows it.
//
// Lengths are in half heights of the head. The face plane has x to the viewer's right and y down; the chin is at y = 1,
// the crown at y = -1, the eyes near 0.
#pragma once

#include <array>
#include <cstdint>

#include "base/random.hpp"

namespace facenet::faces {

using Colour = std::array<float, 3>;

/// What all pictures of a person share.
struct Person {
  // Skull
  float width = 0, depth = 0, jaw = 0, cheek = 0, chin = 0, ear_size = 0, ear_out = 0;
  // Eyes: distance of each from the middle, half sizes, turn, shape of the lids
  float eye_x = 0, eye_y = 0, eye_width = 0, eye_height = 0, eye_slant = 0, eye_power = 0, iris = 0, crease = 0;
  float eye_depth = 0, bags = 0;
  Colour iris_colour{};
  // Brows, relative to the eye
  float brow_y = 0, brow_inner = 0, brow_outer = 0, brow_arch = 0, brow_peak = 0, brow_tilt = 0, brow_thickness = 0;
  float brow_density = 0;
  // Nose
  float nose_y = 0, nose_width = 0, nose_bridge = 0, nose_tip = 0, nostril = 0, nose_height = 0;
  // Mouth
  float mouth_y = 0, mouth_width = 0, upper_lip = 0, lower_lip = 0, bow = 0, corner = 0, lip_colour = 0;
  // Skin
  float melanin = 0, redness = 0, freckles = 0, lines = 0, age_lines = 0;
  struct Mole {
    float x = 0, y = 0, radius = 0;
  };
  std::array<Mole, 4> moles{};  // radius 0: none
  // Hair
  enum class Hair { kBald, kShort, kMedium, kLong, kFringe };
  Hair hair = Hair::kShort;
  float hairline = 0, peak = 0, temples = 0, part = 0, volume = 0, curl = 0;
  float hair_dark = 0, hair_red = 0, grey = 0;
  float beard = 0, moustache = 0;
  float glasses_habit = 0;
  std::uint64_t texture_seed = 0;
};

/// What one picture adds.
struct Shot {
  // Pose (radians) and framing
  float yaw = 0, pitch = 0, roll = 0, scale = 1, shift_x = 0, shift_y = 0;
  // Expression
  float smile = 0, mouth_open = 0, brow_raise = 0, brow_frown = 0, lid = 1, gaze_x = 0, gaze_y = 0;
  // Light
  std::array<float, 3> light{};  // towards the lamp: x right, y down, z to the viewer
  float ambient = 0, exposure = 1, contrast = 1;
  Colour tint{};
  float shadow = 0, shadow_angle = 0, shadow_at = 0;
  // Hidden and worn
  bool glasses = false, hat = false, hand = false;
  float glasses_size = 0, glasses_round = 0, glasses_dark = 0, hat_line = 0, hand_x = 0, hand_y = 0, hand_angle = 0;
  Colour glasses_colour{}, hat_colour{}, hand_colour{};
  float lipstick = 0;
  Colour lipstick_colour{};
  float stubble = 1;  // factor on the beard
  float hair_length = 0, hair_lift = 0, hair_light = 0;
  // Around
  Colour backdrop{}, backdrop_other{}, clothes{};
  float backdrop_angle = 0, backdrop_blobs = 0;
  // How far off each landmark is: as a detector's are
  std::array<float, 10> point_error{};
  // Camera
  float blur = 0, noise = 0;
  std::uint64_t texture_seed = 0;
};

Person draw_person(std::uint64_t seed);
Shot draw_shot(const Person& person, std::uint64_t seed);

}  // namespace facenet::faces
