"""Gates: may a challenger replace the champion?"""
