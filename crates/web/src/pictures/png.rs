//! A drawing as a PNG.
//!
//! Only drawings of [`super::svg`] come here: no text of them is markup, and there is nothing in them that refers to
//! anything. No font of the machine is looked at. Layer 3.

use std::sync::{Arc, LazyLock};

use resvg::{
    render,
    tiny_skia::{Pixmap, Transform},
    usvg::{
        Options, Tree,
        fontdb::{Database, Source},
    },
};

use super::letters::{FAMILY, FONT};

/// How many pixels of the picture are one of the drawing, so that it is sharp where screens are.
const SCALE: f32 = 2.0;
/// The most pixels of a picture on one side.
const MAX_SIDE: f32 = 4_096.0;

/// The one font; read when the first picture is drawn.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_source(Source::Binary(Arc::new(FONT)));
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
});

/// The drawing in pixels, packed. It takes time, so not on a thread that others wait for.
///
/// # Errors
/// When it cannot be drawn, and why.
pub(super) fn render_png(drawing: &str) -> Result<Vec<u8>, String> {
    let options = Options { fontdb: FONTS.clone(), font_family: FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(drawing, &options).map_err(|error| error.to_string())?;
    let size = tree.size();
    let sides = [size.width() * SCALE, size.height() * SCALE];
    if sides.iter().any(|side| !(1.0..=MAX_SIDE).contains(side)) {
        return Err(format!("{} by {} pixels are too many", sides[0], sides[1]));
    }
    let [width, height] = sides.map(|side| side.ceil() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| "there is no room for it".to_owned())?;
    render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
