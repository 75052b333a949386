// Procedural faces: pictures of people who do not exist, for demos, tests and benchmarks without downloads or licences.
//
// A person is some fifty numbers (face_model.hpp): the shape of skull, jaw, eyes, brows, nose and mouth, skin, hair,
// moles, freckles. A picture adds what changes between photographs of one person: pose, expression, gaze, light,
// shadow, glasses, hats, hands, backdrop, sharpness, noise. The head is a bulging ellipsoid seen along parallel rays
// (face_geometry.hpp), so that features shift against each other when it turns, and bumps catch the light; features are
// drawn on it by signed distances (face_drawing.hpp). What varies between pictures is large against what tells people
// apart: neither pixels, nor the mean colour, nor where a point lies verify people (tests/unit/data holds the bounds).
#pragma once

#include <facenet/dataset.hpp>
