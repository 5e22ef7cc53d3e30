"""The only door for pixels: files are read to images, resized, augmented and compared."""
