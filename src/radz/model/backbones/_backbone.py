from dataclasses import dataclass
from typing import Any
@dataclass
class Backbone:
    name: str
    llava: Any
    processor: Any
    fingerprint: str
    @property
    def decoder(self): return self.llava.language_model
    @property
    def hidden_size(self): return self.decoder.config.hidden_size
    @property
    def num_layers(self): return self.decoder.config.num_hidden_layers
