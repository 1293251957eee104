//! A grid of dots, eight to a sign in braille and one to a sign in ASCII, and lines on it.
//!
//! Layer 0.

/// Which bit of a braille sign a dot is, by row and column.
const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A grid of dots.
pub(super) struct Dots {
    /// How many dots a row has.
    pub(super) width: usize,
    /// How many rows of dots there are.
    pub(super) height: usize,
    is_ascii: bool,
    dots: Vec<bool>,
}

impl Dots {
    /// A grid with room for so many signs in so many lines.
    pub(super) fn new(columns: usize, lines: usize, is_ascii: bool) -> Self {
        let (width, height) = if is_ascii { (columns, lines) } else { (columns * 2, lines * 4) };
        Self { width, height, is_ascii, dots: vec![false; width * height] }
    }

    fn set(&mut self, x: usize, y: usize) {
        if x < self.width && y < self.height {
            self.dots[y * self.width + x] = true;
        }
    }

    /// Draws from one dot to another, after Bresenham.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let (right, down) = (to.0 >= from.0, to.1 >= from.1);
        let (wide, high) = (from.0.abs_diff(to.0), from.1.abs_diff(to.1));
        let (mut x, mut y) = from;
        let longest = wide.max(high);
        // How far the line is ahead of the dots, in parts of twice its longer side; it begins in the middle of a dot.
        let (mut ahead_x, mut ahead_y) = (longest, longest);
        self.set(x, y);
        for _ in 0..longest {
            ahead_x += wide * 2;
            ahead_y += high * 2;
            if ahead_x >= longest * 2 {
                ahead_x -= longest * 2;
                x = if right { x + 1 } else { x.saturating_sub(1) };
            }
            if ahead_y >= longest * 2 {
                ahead_y -= longest * 2;
                y = if down { y + 1 } else { y.saturating_sub(1) };
            }
            self.set(x, y);
        }
    }

    /// The lines of signs, without spaces at their ends.
    pub(super) fn lines(&self) -> Vec<String> {
        let at = |x: usize, y: usize| self.dots[y * self.width + x];
        if self.is_ascii {
            let line = |y| (0..self.width).map(|x| if at(x, y) { '*' } else { ' ' }).collect::<String>();
            return (0..self.height).map(|y| line(y).trim_end().to_owned()).collect();
        }
        let sign = |column: usize, line: usize| {
            let dots = (0..4).flat_map(|y| (0..2).map(move |x| (x, y)));
            let bits = dots.filter(|(x, y)| at(column * 2 + x, line * 4 + y)).map(|(x, y)| BITS[y][x]);
            match bits.sum::<u32>() {
                0 => ' ',
                bits => char::from_u32(0x2800 + bits).unwrap_or(' '),
            }
        };
        let line = |line| (0..self.width / 2).map(|column| sign(column, line)).collect::<String>();
        (0..self.height / 4).map(|at| line(at).trim_end().to_owned()).collect()
    }
}
