"""How many customers share style, scene and price share, and what are they like, with small cells hidden?"""

from crm_lab.segmentation.personas.shopper_tags.profile_cube.style_scene_cube import (
    StyleSceneCube,
    StyleSceneCubeResult,
)

__all__ = ["StyleSceneCube", "StyleSceneCubeResult"]
