"""The only door for pixels: files to images, resized, augmented and compared."""
